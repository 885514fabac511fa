"""What pages that are used by keyboard share: a key counts once, and text that is typed reaches the server."""

from __future__ import annotations

LEAST_SECONDS = 0.5
"""Seconds that an output must have been on the page before it can be rated."""
NO_REPEAT = """<script>
if (!window.auditNoRepeat) {
  window.auditNoRepeat = true;
  window.addEventListener("keydown", event => {
    const typing = event.target.closest("input, textarea");
    if (event.repeat && event.key.length === 1 && !typing) event.stopImmediatePropagation();
  }, true);
  window.addEventListener("change", event => {
    if (event.target.matches("input[type=checkbox]")) event.target.blur();
  }, true);
  let pause;
  window.addEventListener("input", event => {
    if (!event.target.matches("textarea")) return;
    clearTimeout(pause);
    const box = event.target;
    pause = setTimeout(() => box.dispatchEvent(new FocusEvent("focusout", {bubbles: true})), 400);
  }, true);
}
</script>"""
"""A key that is held down counts once: browsers send it again every 30 ms, also to the output that comes next. A switch
gives the focus back once it is set: keys that go to it rate nothing. Text goes to the server when the typing pauses:
Streamlit sends it when the box is left, and a reload would lose it."""
