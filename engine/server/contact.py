"""First contact with a server: whether it is up, knows the model, and which endpoint takes prompts."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from audit.core.errors import CheckpointError
from audit.core.records import digest_of
from audit.core.text import printable
from audit.engine.server.answer import choice_of, number_of, text_of
from audit.engine.server.client import KEY_VARIABLE, Call, Client, Reply, read_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audit.core.config import ServerConfig
    from audit.engine.server_name import ServerName

NO_SUCH_PATH = {404, 405, 501}
BOUNDS = ("max_tokens", "max_completion_tokens")
"""Names of the token limit; OpenAI's reasoning models only accept the second."""
GREETING = "The capital of France is Paris, and the capital of Italy is"
"""First prompt: far longer than the one requested token, so an answer that begins with it repeats it."""
TEMPLATE_ARGS = "chat_template_kwargs"
"""The field with variables of the chat template: vLLM, SGLang, llama.cpp."""
REPORTED = ("id", "owned_by", "root")
"""Fields of a server's answer about a model that identify it."""


@dataclass(frozen=True)
class Server:
    """A server that answers for one model."""

    name: ServerName
    """Address and model."""
    client: Client
    """Its client."""
    chat: bool
    """Whether prompts go to ``/chat/completions``, because there is no ``/completions``."""
    reported: dict[str, Any]
    """What ``/models`` says about the model; empty if it is not listed."""
    bound: str = BOUNDS[0]
    """The server's name for the token limit."""
    template_args: Mapping[str, Any] = field(default_factory=dict)
    """Variables of the chat template that a chat endpoint applies."""
    greeting_tokens: int | None = None
    """Tokens of the greeting as the server read it, template included; None if it did not count them."""

    @property
    def path(self) -> str:
        """The endpoint that takes prompts."""
        return "/chat/completions" if self.chat else "/completions"

    @property
    def max_length(self) -> int | None:
        """Context length in tokens, as reported by vLLM."""
        length = self.reported.get("max_model_len")
        return length if isinstance(length, int) and length > 0 else None

    @property
    def digest(self) -> str:
        """Over address, model, endpoint and what the server reports, because its weights cannot be seen."""
        reported = {key: self.reported.get(key) for key in REPORTED}
        return digest_of("openai", self.name.url, self.name.model, self.path, reported)

    def call(self, prompt: str | list[int], settings: dict[str, Any]) -> Call:
        """The call for a prompt.

        Args:
            prompt: Text or token ids.
            settings: Further fields; ``max_tokens`` goes by the name that the server has for it.
        """
        settings = {self.bound if name == BOUNDS[0] else name: value for name, value in settings.items()}
        body: dict[str, Any] = {"model": self.name.model}
        body |= {"messages": [{"role": "user", "content": prompt}]} if self.chat else {"prompt": prompt}
        if self.chat and self.template_args:
            body[TEMPLATE_ARGS] = dict(self.template_args)
        return Call(self.path, body | settings)


def contact(name: ServerName, settings: ServerConfig, template_args: Mapping[str, Any] | None = None) -> Server:
    """Connect and check that the model is served.

    Args:
        name: Address and model.
        settings: How the server is asked.
        template_args: Variables of the chat template; only a chat endpoint gets them.

    Raises:
        CheckpointError: No connection, no such model, a key that is missing or refused, or no usable answer.
    """
    client = Client(name.url, settings)
    listing = client.ask(Call("/models"), tries=1)  # for the messages alone: the greeting decides
    if listing.status in {401, 403} or (listing.error and listing.status is None):
        raise _refusal(name, listing, [])
    models = _models(listing)
    reported = next((model for model in models if model["id"] == name.model), {})
    reply = listing
    for chat in (False, True):
        server = Server(name, client, chat, reported, template_args=template_args or {})
        reply = _greet(server)
        if BOUNDS[1] in (reply.error or ""):
            server = replace(server, bound=BOUNDS[1])
            reply = _greet(server)
        if not reply.error:
            _check_greeting(server, reply)
            return replace(server, greeting_tokens=number_of(reply.body.get("usage"), "prompt_tokens"))
        if chat and template_args and reply.status in {400, 422}:
            _check_args(server, reply)
        if reply.status not in NO_SUCH_PATH:
            break
    raise _refusal(name, reply, [str(model["id"]) for model in models])


def _greet(server: Server) -> Reply:
    """Request one token."""
    return server.client.ask(server.call(GREETING, {"max_tokens": 1, "temperature": 0}))


def _check_greeting(server: Server, reply: Reply) -> None:
    """Check that the server does not echo the prompt: the one token after the greeting cannot be the greeting.

    Raises:
        CheckpointError: The server returns the prompt with its answer, so that prompts would be judged as answers.
    """
    if (text_of(choice_of(reply.body)) or "").strip().startswith(GREETING):
        msg = f"{server.name}: the server repeats the prompt in its answer: turn that off (echo, return_full_text)"
        raise CheckpointError(msg)


def _models(listing: Reply) -> list[dict[str, Any]]:
    """Entries of ``/models``; none if the server has no such list."""
    data = listing.body.get("data")
    return [model for model in data if isinstance(model, dict) and "id" in model] if isinstance(data, list) else []


def _check_args(server: Server, reply: Reply) -> None:
    """Find out whether a chat endpoint refused the greeting because of the variables of the chat template.

    Raises:
        CheckpointError: It has: without them it answers.
    """
    if not _greet(replace(server, template_args={})).error:
        msg = f"{server.name}: {reply.error}: the server refuses {TEMPLATE_ARGS}: leave out --chat-template-args"
        raise CheckpointError(msg)


def _refusal(name: ServerName, reply: Reply, served: list[str]) -> CheckpointError:
    """One line for a server that cannot be used."""
    if reply.status is None:
        return CheckpointError(f"{name}: {reply.error}: start the server, or check the URL")
    if reply.status in {401, 403}:
        what = "the key in it was refused" if read_key() else "this server requires a key"
        return CheckpointError(f"{name}: {reply.error}: set {KEY_VARIABLE}: {what}")
    if served and name.model not in served:
        shown = printable(", ".join(served[:10]), 300)
        return CheckpointError(f"{name}: {reply.error}: this server lists {shown}: name one of them after #")
    if reply.status in {400, 422} and "temperature" in (reply.error or ""):
        return CheckpointError(f"{name}: {reply.error}: audits need greedy decoding, which this model does not offer")
    return CheckpointError(f"{name}: {reply.error}: check the URL and the name after #")
