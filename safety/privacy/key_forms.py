"""The forms of keys and tokens by service: a new one is one line of ``FORMS``.

Forms are those that the issuer documents, or else those that scanners of secrets agree on: rules of gitleaks
(https://github.com/gitleaks/gitleaks, MIT) by name, detectors of trufflehog
(https://github.com/trufflesecurity/trufflehog, ``pkg/detectors``) by folder. Keys without a form, such as those of
Mistral and Cohere, look like any random letters and are not listed, unless a variable that is named after them holds
them. Keys that are meant for the public
(``pk_live_``, ``sb_publishable_``) are not either.
"""

from __future__ import annotations

from dataclasses import dataclass

X = r"[0-9A-Za-z]"
W = r"[0-9A-Za-z_-]"
H = r"[0-9a-f]"
NAMED = r"[\"']?\]?[ \t]{0,3}(?:=>|:=|[=:])[ \t]{0,3}[\"']?"
"""Between the name of a variable and its value."""
UUID = rf"{H}{{8}}-(?:{H}{{4}}-){{3}}{H}{{12}}"


@dataclass(frozen=True, slots=True)
class KeyForm:
    """What the keys of one service look like."""

    service: str
    """Whose keys they are."""
    mark: str
    """A part that every key has: a text without it is not searched."""
    pattern: str
    """Of the whole key; a group ``key`` marks it where the name of a variable comes before it."""
    source: str
    """Where the form is written down."""


FORMS = (
    KeyForm("1Password", "ops_eyJ", r"ops_eyJ[0-9A-Za-z+/]{250,2000}={0,3}", "gitleaks 1password"),
    KeyForm("age", "AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1[AC-HJ-NP-Z02-9]{58}", "github.com/FiloSottile/age, Bech32"),
    KeyForm("Airtable", "pat", rf"pat{X}{{14}}\.{H}{{64}}", "gitleaks airtable-personnal-access-token"),
    KeyForm("Alibaba Cloud", "LTAI", rf"LTAI{X}{{20}}", "gitleaks alibaba-access-key-id"),
    KeyForm("Anthropic", "sk-ant-", rf"sk-ant-[a-z]{{3,5}}\d\d-{W}{{80,120}}", "gitleaks anthropic-api-key"),
    KeyForm("Atlassian", "ATATT3", r"ATATT3[0-9A-Za-z_=-]{186}", "gitleaks atlassian-api-token"),
    KeyForm("AWS Bedrock", "ABSK", r"ABSK[0-9A-Za-z+/]{109,269}={0,2}", "gitleaks aws-amazon-bedrock-api-key"),
    KeyForm(
        "AWS secret",
        "ecret",
        rf"\w{{0,40}}[sS]ecret_?[aA]ccess_?[kK]ey{NAMED}(?P<key>[0-9A-Za-z+/]{{40}})(?![+/=])",
        "trufflehog aws",
    ),
    KeyForm(
        "AWS secret, environment",
        "SECRET_ACCESS_KEY",
        rf"\w{{0,40}}SECRET_ACCESS_KEY{NAMED}(?P<key>[0-9A-Za-z+/]{{40}})(?![+/=])",
        "trufflehog aws",
    ),
    KeyForm("Azure AD", "Q~", r"[0-9A-Za-z_~.]{3}\dQ~[0-9A-Za-z_~.-]{31,34}", "gitleaks azure-ad-client-secret"),
    KeyForm("Brevo", "xkeysib-", rf"xkeysib-{H}{{64}}-{X}{{16}}", "gitleaks sendinblue-api-token"),
    KeyForm("Cloudflare", "cf", rf"cf(?:k|ut|at)_{X}{{40}}{H}{{8}}", "trufflehog cloudflareapitoken"),
    KeyForm("Databricks", "dapi", rf"dapi{H}{{32}}(?:-\d)?", "gitleaks databricks-api-token"),
    KeyForm("DeepSeek, Alibaba Model Studio", "sk-", rf"sk-{H}{{32}}", "trufflehog deepseek"),
    KeyForm("DigitalOcean", "_v1_", rf"do[opr]_v1_{H}{{64}}", "gitleaks digitalocean-pat"),
    KeyForm("Docker", "dckr_", rf"dckr_(?:pat_{W}{{27}}|oat_{W}{{32}})", "trufflehog dockerhub"),
    KeyForm("Doppler", "dp.", rf"dp\.(?:ct|pt|sa|said|scim|audit)\.{X}{{40,44}}", "docs.doppler.com, token formats"),
    KeyForm("ElevenLabs", "sk_", rf"sk_{H}{{48}}", "trufflehog elevenlabs"),
    KeyForm("Figma", "fig", r"fig[dp]_[0-9A-Za-z_=-]{40,54}", "trufflehog figmapersonalaccesstoken"),
    KeyForm("Fly.io", "fm", r"fm(?:1[ar]|2)_[0-9A-Za-z+/]{100,2000}={0,3}", "gitleaks flyio-access-token"),
    KeyForm("GitHub", "github_pat_", rf"github_pat_{X}{{22}}_{X}{{59}}", "gitleaks github-fine-grained-pat"),
    KeyForm("GitLab", "gl", rf"gl(?:pat|rt-t\d)[_-]{W}{{27,300}}\.[0-9a-z]{{9}}", "gitleaks gitlab-pat-routable"),
    KeyForm("Google API", "AIza", rf"AIza{W}{{35}}", "gitleaks gcp-api-key"),
    KeyForm("Google auth key", "AQ.A", rf"AQ\.A{W}{{39,99}}", "ai.google.dev, using Gemini API keys"),
    KeyForm("Google OAuth client", "GOCSPX-", rf"GOCSPX-{W}{{28}}", "trufflehog googleoauth2"),
    KeyForm("Google OAuth token", "ya29.", rf"ya29\.{W}{{30,1000}}", "trufflehog googleoauth2"),
    KeyForm("Grafana", "glsa_", rf"glsa_{X}{{32}}_[0-9A-Fa-f]{{8}}", "gitleaks grafana-service-account-token"),
    KeyForm("Grafana Cloud", "glc_", r"glc_[0-9A-Za-z+/]{32,400}={0,3}", "gitleaks grafana-cloud-api-token"),
    KeyForm("Groq", "gsk_", rf"gsk_{X}{{52}}", "trufflehog groq"),
    KeyForm("Heroku", "HRKU-AA", rf"HRKU-AA{W}{{58}}", "gitleaks heroku-api-key-v2"),
    KeyForm("HubSpot", "pat-", rf"pat-(?:na|eu)\d-{UUID}", "trufflehog hubspot_apikey"),
    KeyForm("Hugging Face", "hf_", r"hf_[A-Za-z]{34}", "gitleaks huggingface-access-token"),
    KeyForm("Hugging Face organization", "api_org_", r"api_org_[A-Za-z]{34}", "gitleaks huggingface-organization"),
    KeyForm("JSON Web Token", "eyJ", rf"eyJ{W}{{12,2000}}\.eyJ{W}{{12,4000}}\.{W}{{20,1000}}", "RFC 7519"),
    KeyForm("Langfuse", "sk-lf-", rf"sk-lf-{UUID}", "github.com/langfuse/langfuse, apiKeys.ts"),
    KeyForm("LangSmith", "lsv2_", rf"lsv2_(?:pt|sk)_{H}{{32}}_{H}{{10}}", "trufflehog langsmith"),
    KeyForm("Linear", "lin_api_", rf"lin_api_{X}{{40}}", "gitleaks linear-api-key"),
    KeyForm(
        "Mapbox", "sk.eyJ", rf"sk\.eyJ{W}{{20,400}}\.{W}{{22,43}}", "docs.mapbox.com, tokens; SonarSource rule S6988"
    ),
    KeyForm("Moonshot, OpenAI until 2022", "sk-", rf"sk-{X}{{48}}", "not documented; the length that keys have"),
    KeyForm("New Relic", "NRAK-", r"NRAK-[0-9A-Z]{27}", "gitleaks new-relic-user-api-key"),
    KeyForm("Notion", "ntn_", rf"ntn_\d{{11}}{X}{{35}}", "gitleaks notion-api-token"),
    KeyForm("Notion until 2024", "secret_", rf"secret_{X}{{43}}", "trufflehog notion"),
    KeyForm("npm", "npm_", rf"npm_{X}{{36}}", "gitleaks npm-access-token"),
    KeyForm("NVIDIA", "nvapi-", rf"nvapi-{W}{{60,70}}", "trufflehog nvapi"),
    KeyForm(
        "OpenAI", "T3BlbkFJ", rf"sk-(?:[a-z]{{4,10}}-)?{W}{{20,120}}T3BlbkFJ{W}{{20,120}}", "gitleaks openai-api-key"
    ),
    KeyForm("OpenRouter", "sk-or-v1-", rf"sk-or-v1-{H}{{64}}", "trufflehog openrouter"),
    KeyForm("Perplexity", "pplx-", rf"pplx-{X}{{48}}", "gitleaks perplexity-api-key"),
    KeyForm("Pinecone", "pcsk_", rf"pcsk_{X}{{5,6}}_{X}{{63}}", "trufflehog pinecone"),
    KeyForm("PlanetScale", "pscale_", r"pscale_(?:tkn|oauth|pw)_[\w=.-]{32,64}", "gitleaks planetscale-api-token"),
    KeyForm("Postman", "PMAK-", r"PMAK-[0-9A-Fa-f]{24}-[0-9A-Fa-f]{34}", "gitleaks postman-api-token"),
    KeyForm("Pulumi", "pul-", rf"pul-{H}{{40}}", "gitleaks pulumi-api-token"),
    KeyForm("Replicate", "r8_", rf"r8_{W}{{37}}", "trufflehog replicate"),
    KeyForm("RubyGems", "rubygems_", rf"rubygems_{H}{{48}}", "gitleaks rubygems-api-token"),
    KeyForm("Sentry", "sntryu_", rf"sntryu_{H}{{64}}", "gitleaks sentry-user-token"),
    KeyForm("Shopify", "shp", r"shp(?:at|ca|pa|ss)_[0-9A-Fa-f]{32}", "gitleaks shopify-access-token"),
    KeyForm("Slack app", "xapp-", r"xapp-\d-[0-9A-Z]{8,20}-\d{8,20}-[0-9a-z]{32,80}", "gitleaks slack-app-token"),
    KeyForm(
        "Slack configuration", "xoxe", r"xoxe(?:\.xox[bp])?-\d-[0-9A-Za-z]{140,170}", "gitleaks slack-config-token"
    ),
    KeyForm("Stripe", "k_", rf"[rs]k_(?:live|test|prod)_{X}{{24,247}}", "gitleaks stripe-access-token"),
    KeyForm("Stripe webhook", "whsec_", r"whsec_[0-9A-Za-z+/]{32}", "docs.stripe.com, webhook signatures"),
    KeyForm(
        "Supabase account", "sbp_", rf"sbp_(?:oauth_|v0_)?{H}{{40}}", "github.com/supabase/cli, AccessTokenPattern"
    ),
    KeyForm("Supabase project", "sb_secret_", rf"sb_secret_{W}{{20,60}}", "supabase.com/docs/guides/api/api-keys"),
    KeyForm(
        "Tailscale",
        "tskey-",
        rf"tskey-(?:api|auth|client|scim|webhook)-{X}{{8,40}}-{X}{{16,60}}",
        "tailscale.com/kb/1277",
    ),
    KeyForm("Tavily", "tvly-", rf"tvly-(?:[a-z]{{3,4}}-)?{X}{{32}}", "docs.tavily.com"),
    KeyForm("Telegram bot", ":AA", rf"\d{{8,10}}:AA{W}{{33}}", "core.telegram.org/bots/api"),
    KeyForm("Tencent Cloud", "AKID", rf"AKID{X}{{32}}", "tencentcloud.com, API 3.0 signature"),
    KeyForm("Vault", "hv", rf"hv[sbr]\.{W}{{24,300}}", "developer.hashicorp.com/vault, tokens"),
    KeyForm("Weights & Biases", "wandb_v1_", rf"wandb_v1_{X}{{27}}_{X}{{49}}", "trufflehog weightsandbiases"),
    KeyForm(
        "Weights & Biases until 2025",
        "WANDB_API_KEY",
        rf"WANDB_API_KEY{NAMED}(?P<key>{H}{{40}})",
        "trufflehog weightsandbiases",
    ),
    KeyForm("xAI", "xai-", r"xai-[0-9A-Za-z_]{80}", "trufflehog xai"),
)
"""Services in alphabetical order."""
