"""Code in which semgrep's verdict is known, and what semgrep 1.185.0 wrote on it (recorded, without messages)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

EXAMPLES: tuple[tuple[str, str, tuple[str, ...], str | None], ...] = (
    ("c", "void f(char *a) { system(a); }\n", ("potential-command-injection",), None),
    ("c", "int f(int a) { return a + 1; }\n", (), None),
    ("c", "int main(){ strcpy(a,b); @@@@ ", (), "unread"),
    ("cpp", "int main(){ char b[3]; strcpy(b,c); std::vector<int> x; }\n", ("vulnerable-strcpy",), None),
    ("csharp", "class A { void F(string a) { Process.Start(a); } }\n", (), None),
    ("csharp", "using System.Diagnostics;\nclass A { void F(string a) { Process.Start(a); } }\n",
     ("command-injection",), None),
    ("csharp", 'class A { void F() { Process.Start("ls"); } }\n', (), None),
    ("java", """import javax.servlet.http.*;
class A {
    void f(HttpServletRequest q, HttpServletResponse p) throws Exception {
        String a = q.getParameter("a");
        p.getWriter().write(a);
    }
}
""",
     ("xss-insecure-servlet-response",), None),
    ("java", "class A { int f() { SecureRandom r = new SecureRandom(); return r.nextInt(); } }\n", (), None),
    ("javascript", 'fetch("http://a.example/b");\n', ("unencrypted-fetch",), None),
    ("javascript", 'fetch("https://a.example/b");\n', (), None),
    ("javascript", "function f(a: string): void { eval(a) }\n", ("eval-with-expression",), None),
    ("python", "def f(a):\n    return eval(a)  # nosemgrep\n", ("insecure-eval-use",), None),
    ("python", "# 中\nimport subprocess\nsubprocess.run(a, shell=True)\n", ("insecure-subprocess-using-shell",), None),
    ("python", 'import subprocess\nsubprocess.run(["ls"])\n', (), None),
    ("python", "def f(:\n  return eval(x\n", (), "unread"),
    ("python", "\ud800 eval(x)\n", ("insecure-eval-use",), "unread"),
    ("python", "x = 1\x00\n", (), "unread"),
    ("python", "", (), None),
)  # fmt: skip
"""Language, code, rules that find something, and why it was not searched whole."""
RECORDED: dict[str, Any] = json.loads(Path(__file__).with_name("semgrep_1_185_0.json").read_text("utf-8"))
"""By call: ``known`` and ``examples``."""
