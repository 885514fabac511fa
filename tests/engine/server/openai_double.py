"""Servers in a thread that speak the OpenAI API: faulty on purpose, or with the tiny checkpoint behind them."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import torch

from audit.core.config import ServerConfig
from audit.engine import GenerateRequest, load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from audit.engine import Engine
    from audit.engine.local.engine import TransformersEngine

NAME = "some-model"
ASK = GenerateRequest("The capital of France is", max_new_tokens=5)
DROP, GARBAGE, SLOW = "drop", "garbage", "slow"
BUSY = (429, {"error": {"message": "slow down"}})
BROKEN = (500, {"error": "boom"})


class Double(ThreadingHTTPServer):
    """Remembers what it was asked; ``faults`` are played one per question before it answers."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, answer: Callable[[str, dict[str, Any]], tuple[int, Any]]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = answer
        self.faults: list[Any] = []
        self.listing: Any = {"data": [{"id": NAME, "owned_by": "someone", "max_model_len": 256}]}
        self.pages: dict[str, Any] = {}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.authorizations: list[str | None] = []
        self.under_way = self.most_under_way = 0
        self.seconds = 0.0
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def name(self) -> str:
        return f"openai:{self.url}#{NAME}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # a client that has gone away


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Double

    def log_message(self, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        self.server.authorizations.append(self.headers["Authorization"])
        if self.path in self.server.pages:
            page = self.server.pages[self.path]
            self._send(*page) if isinstance(page, tuple) else self._send(200, page)
        else:
            self._send(200 if self.server.listing else 404, self.server.listing)

    def do_POST(self) -> None:
        double = self.server
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with double.lock:
            double.authorizations.append(self.headers["Authorization"])
            double.asked.append((self.path, body))
            fault = double.faults.pop(0) if double.faults else None
            double.under_way += 1
            double.most_under_way = max(double.most_under_way, double.under_way)
        time.sleep(double.seconds)
        try:
            self._play(fault) if fault is not None else self._send(*double.answer(self.path, body))
        finally:
            with double.lock:
                double.under_way -= 1

    def _play(self, fault: Any) -> None:
        if fault == DROP:
            self.close_connection = True
            self.connection.close()
        elif fault == GARBAGE:
            self._send_bytes(200, b'{"choices": [{"te')
        elif fault == SLOW:
            time.sleep(1)
            self._send(200, {})
        else:
            self._send(*fault)

    def _send(self, status: int, value: Any, **headers: str) -> None:
        self._send_bytes(status, json.dumps(value).encode(), **headers)

    def _send_bytes(self, status: int, content: bytes, **headers: str) -> None:
        self.send_response(status)
        if status == 429:
            self.send_header("Retry-After", "0")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def serving(answer: Callable[[str, dict[str, Any]], tuple[int, Any]]) -> Iterator[Double]:
    with Double(answer) as double:
        thread = threading.Thread(target=double.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield double
        finally:
            double.shutdown()
            thread.join()


def says(text: str, finish: str = "stop") -> Callable[[str, dict[str, Any]], tuple[int, Any]]:
    """Answers everything with one text, on either endpoint; sampled text ends in its seed."""

    def answer(path: str, body: dict[str, Any]) -> tuple[int, Any]:
        said = f"{text} {body['seed']}" if body.get("temperature") else text
        choice = {"message": {"content": said}} if path.endswith("/chat/completions") else {"text": said}
        usage = {"prompt_tokens": 7, "completion_tokens": 3}
        return 200, {"choices": [{**choice, "finish_reason": finish}], "usage": usage}

    return answer


class Echoing:
    """vLLM's ``echo`` with log-probabilities, computed by a plain forward pass of the tiny checkpoint."""

    def __init__(self, engine: TransformersEngine, *, takes_ids: bool = True, as_ids: bool = False) -> None:
        self.engine = engine
        self.takes_ids = takes_ids
        self.as_ids = as_ids
        self.lock = threading.Lock()

    def __call__(self, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        prompt = body["prompt"]
        if not isinstance(prompt, str) and not self.takes_ids:
            return 400, {"error": {"message": "prompt must be a string."}}
        ids = self.engine.tokenizer(prompt)["input_ids"] if isinstance(prompt, str) else list(prompt)
        if not body.get("echo"):
            return self._generated(ids, body)
        log_probs = self._log_probs(ids)
        extra = int(log_probs[-1].argmax())
        tokens, values, top = [self._spell(ids[0])], [None], [None]
        for position, token in enumerate([*ids[1:], extra]):
            best = int(log_probs[position].argmax())
            tokens.append(self._spell(token))
            values.append(float(log_probs[position, token]))
            top.append({f"best {best}": float(log_probs[position, best]), self._spell(token): values[-1]})
        found = {"tokens": tokens, "token_logprobs": values, "top_logprobs": top}
        return 200, {"choices": [{"text": "", "logprobs": found, "finish_reason": "length"}], "usage": {}}

    def _generated(self, ids: list[int], body: dict[str, Any]) -> tuple[int, Any]:
        """Greedy text, with log-probabilities where they are asked for."""
        new, values = [], []
        while len(new) < body["max_tokens"]:
            log_probs = self._log_probs([*ids, *new])[-1]
            new.append(int(log_probs.argmax()))
            values.append(float(log_probs.max()))
        found = {"tokens": [self._spell(token) for token in new], "token_logprobs": values}
        choice = {"text": self.engine.tokenizer.decode(new), "finish_reason": "length"}
        usage = {"prompt_tokens": len(ids), "completion_tokens": len(new)}
        return 200, {"choices": [choice | ({"logprobs": found} if body.get("logprobs") else {})], "usage": usage}

    def _log_probs(self, ids: list[int]) -> torch.Tensor:
        with self.lock, torch.no_grad():
            logits = self.engine.model(input_ids=torch.tensor([ids])).logits[0].double()
        return torch.log_softmax(logits, dim=-1)

    def _spell(self, token: int) -> str:
        return f"token_id:{token}" if self.as_ids else self.engine.tokenizer.decode([token])


def connect(double: Double, *, tokenizer: str | None = None, **settings: Any) -> Engine:
    """The engine of a server."""
    return load(double.name, server=ServerConfig(**settings), tokenizer=tokenizer)


def text_of(engine: Engine, request: GenerateRequest = ASK) -> str:
    """The text of an answer without error."""
    (completion,) = engine.generate([request])
    assert completion.error is None
    return completion.generations[0].text
