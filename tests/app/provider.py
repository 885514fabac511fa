"""An OpenID provider in the test process: discovery, keys, a page on which one chooses who to be, and signed tokens."""

from __future__ import annotations

import base64
import json
import threading
import time
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit
from uuid import uuid4

from joserfc import jwt
from joserfc.jwk import RSAKey

if TYPE_CHECKING:
    from pathlib import Path

CLIENT, CLIENT_SECRET = "audit", "of-a-test-only"


class Provider:
    """Serves at :attr:`url` until it is closed."""

    def __init__(self, people: dict[str, dict[str, Any]]) -> None:
        """Begin to serve.

        Args:
            people: Claims by what their link on the sign-in page says.
        """
        self.people = people
        self.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
        self.codes: dict[str, dict[str, Any]] = {}
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.answer(self, dict(parse_qsl(urlsplit(self.path).query)))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                provider.answer(self, dict(parse_qsl(body)))

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def login_file(self, folder: Path, app: str) -> Path:
        """The file that ``audit app --auth`` takes, for an app at an address."""
        values = {
            "redirect_uri": f"{app}/oauth2callback",
            "cookie_secret": uuid4().hex,
            "client_id": CLIENT,
            "client_secret": CLIENT_SECRET,
            "server_metadata_url": f"{self.url}/.well-known/openid-configuration",
        }
        file = folder / "login.toml"
        file.write_text("[auth]\n" + "".join(f'{name} = "{value}"\n' for name, value in values.items()))
        file.chmod(0o600)
        return file

    def answer(self, request: BaseHTTPRequestHandler, given: dict[str, str]) -> None:
        path = urlsplit(request.path).path
        if path == "/authorize":
            return _send(request, self._choose(given), "text/html")
        if path == "/favicon.ico":
            return request.send_error(404)
        found = {
            "/.well-known/openid-configuration": self._metadata,
            "/keys": lambda: {"keys": [self.key.as_dict(private=False)]},
            "/token": lambda: self._token(given, request.headers.get("Authorization", "")),
        }[path]()
        return _send(request, json.dumps(found), "application/json")

    def _metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def _choose(self, given: dict[str, str]) -> str:
        """Links that go back as somebody; none signs in without a click."""
        links = []
        for name, claims in self.people.items():
            code = uuid4().hex
            self.codes[code] = {"nonce": given["nonce"], "redirect_uri": given["redirect_uri"], **claims}
            back = f"{given['redirect_uri']}?{urlencode({'code': code, 'state': given['state']})}"
            links.append(f'<p><a href="{escape(back)}">{escape(name)}</a></p>')
        return f"<!doctype html><title>Provider</title><h1>Who are you?</h1>{''.join(links)}"

    def _token(self, given: dict[str, str], authorization: str) -> dict[str, Any]:
        user, _, password = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
        assert (unquote(user), unquote(password)) == (CLIENT, CLIENT_SECRET)
        claims = self.codes.pop(given["code"])  # good once
        assert claims.pop("redirect_uri") == given["redirect_uri"]
        now = int(time.time())
        claims |= {"iss": self.url, "aud": CLIENT, "sub": claims.get("email", "x"), "iat": now, "exp": now + 300}
        token = jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.key)
        return {"access_token": uuid4().hex, "token_type": "Bearer", "expires_in": 300, "id_token": token}


def _send(request: BaseHTTPRequestHandler, text: str, kind: str) -> None:
    body = text.encode()
    request.send_response(200)
    request.send_header("Content-Type", kind)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)
