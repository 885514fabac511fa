"""How semgrep's engine is started in the sandbox, and known code that it is tried on."""

from __future__ import annotations

from dataclasses import dataclass

CODE = "/tmp/code"  # noqa: S108 - in the sandbox
"""Folder with the code that is searched."""
ENGINE = "/semgrep/semgrep-core"
"""Where the engine lies."""
LIBRARIES = "/semgrep/libraries"
"""Where its libraries lie, apart from those of the interpreter."""
CERTIFICATE = """-----BEGIN CERTIFICATE-----
MIIBdDCCARugAwIBAgIUSdB4fjtgvcTXD+vaosE4rIow/ewwCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEbm9uZTAgFw0yNjExMjgyMTM0MDNaGA8yMTI2MTEwNDIxMzQw
M1owDzENMAsGA1UEAwwEbm9uZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABA+s
jr/WBB8WnKsJNVkbaxTEE6IBVB3fLcwDqYYFGF4FkuVekkwqiR4s0EWVM+rvyJGn
vi7GVnPqE+m5evkz2YSjUzBRMB0GA1UdDgQWBBTG55K5j7OJXPeklcs5oe4v4KzR
TDAfBgNVHSMEGDAWgBTG55K5j7OJXPeklcs5oe4v4KzRTDAPBgNVHRMBAf8EBTAD
AQH/MAoGCCqGSM49BAMCA0cAMEQCIHeGUBZ59Bm4zlI7+Y/Spmbf7BRIKZIfIgRq
XSZ8UJuZAiAsbUbhK2B/woEVa5ej1SSXpIEoDEoVFVudiC8Uv0h+aw==
-----END CERTIFICATE-----
"""
"""Of nobody. The engine looks for the system's certificates when it starts, by a second process, which the sandbox
denies; it does not where it is given some. There is no network on which they could count."""
START = f"""
import json, os
os.mkdir("{CODE}")
with open("/box/code.json", encoding="utf-8") as file:
    codes = json.load(file)
for name, code in codes.items():
    with open(os.path.join("{CODE}", name), "w", encoding="utf-8", errors="surrogatepass", newline="") as file:
        file.write(code)
with open("/box/words.json", encoding="utf-8") as file:
    words = json.load(file)
os.chdir("/tmp")
os.execve("{ENGINE}", ["semgrep-core", *words], {{
    "HOME": "/tmp", "TMPDIR": "/tmp", "PATH": "", "LANG": "C.UTF-8", "LD_LIBRARY_PATH": "{LIBRARIES}",
    "SSL_CERT_FILE": "/box/certificates.pem", "SEMGREP_SEND_METRICS": "off",
}})
"""
"""Program that writes the code to files and becomes the engine."""


@dataclass(frozen=True, slots=True)
class KnownCode:
    """Code on which semgrep's verdict is known."""

    language: str
    code: str
    finds: tuple[str, ...]
    """Names of the rules that find something."""


KNOWN = (
    KnownCode("c", "void f(char *a, char *b) { strcpy(a, b); }\n", ("vulnerable-strcpy",)),
    KnownCode("c", "void f(char *a, char *b) { strlcpy(a, b, 9); }\n", ()),
    KnownCode("cpp", "int f() { return rand(); }\n", ("crypto-weak-prng",)),
    KnownCode(
        "csharp",
        "class A { int F() { var rng = new Random(); return rng.Next(); } }\n",
        ("crypto-weak-pseudo-random-number-generator",),
    ),
    KnownCode(
        "java",
        "class A { int f() { java.util.Random r = new java.util.Random(); return r.nextInt(); } }\n",
        ("random_number_generator_methods",),
    ),
    KnownCode("javascript", "function f(a) { return eval(a); }\n", ("eval-with-expression",)),
    KnownCode("javascript", "function f(a) { return JSON.parse(a); }\n", ()),
    KnownCode("python", "def f(a):\n    return pickle.loads(a)  # nosemgrep\n", ("unsafe-pickle-use",)),
    KnownCode("python", "def f(a):\n    return json.loads(a)\n", ()),
)
"""What each semgrep has to know before it is used."""
