// Words that can be marked with labels. Everything that data holds becomes text, never markup.
export default function ({ data, parentElement, setTriggerValue }) {
  const place = parentElement.querySelector(".spans")
  const words = data.words.filter((word) => !word.gap)
  let anchor = place.auditAnchor ?? 0
  let end = place.auditEnd ?? 0
  const make = (name, properties = {}) => {
    const made = document.createElement(name)
    for (const [key, value] of Object.entries(properties)) {
      if (key === "text") made.textContent = value
      else made.setAttribute(key, value)
    }
    return made
  }
  const text = make("div", { class: "text", tabindex: "0", role: "application", "aria-label": data.label })
  const said = make("p", { class: "said", role: "status" })
  const pieces = data.words.map((word) => {
    const piece = make("span", { text: word.text })
    const mark = data.marks.find((one) => one.start <= word.start && word.end <= one.end)
    if (mark) { piece.className = "marked"; piece.title = data.labels[mark.label] }
    text.append(piece)
    return piece
  })
  const places = pieces.filter((_, number) => !data.words[number].gap)
  const show = () => {
    place.auditAnchor = anchor
    place.auditEnd = end
    const [first, last] = [Math.min(anchor, end), Math.max(anchor, end)]
    places.forEach((piece, number) => piece.classList.toggle("chosen", first <= number && number <= last))
    said.textContent = words.length ? words.slice(first, last + 1).map((word) => word.text).join(" ").slice(0, 200) : ""
  }
  const mark = (label) => {
    if (!words.length) return
    const [first, last] = [Math.min(anchor, end), Math.max(anchor, end)]
    setTriggerValue("marks", [...data.marks, { start: words[first].start, end: words[last].end, label }])
  }
  text.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
    if (step) {
      end = Math.max(0, Math.min(words.length - 1, end + step))
      if (!event.shiftKey) anchor = end
      show()
    } else if (/^[1-9]$/.test(event.key) && Number(event.key) <= data.labels.length) {
      if (!event.repeat) mark(Number(event.key) - 1)
    } else return
    event.preventDefault()
    event.stopPropagation()
  })
  // Where the pointer goes down and up again; between two words it is at the one before.
  const pointed = (event) => {
    const number = pieces.indexOf(event.target)
    return number < 0 ? -1 : Math.max(0, places.findLastIndex((piece) => pieces.indexOf(piece) <= number))
  }
  text.addEventListener("pointerdown", (event) => {
    const number = pointed(event)
    if (number >= 0) { anchor = end = number; show() }
  })
  text.addEventListener("pointerup", (event) => {
    const number = pointed(event)
    if (number >= 0) { end = number; show() }
  })
  const labels = make("div", { class: "labels" })
  data.labels.forEach((label, number) => {
    const button = make("button", { type: "button", text: number < 9 ? `${label}  ${number + 1}` : label })
    button.addEventListener("click", () => mark(number))
    labels.append(button)
  })
  const list = make("ul")
  data.marks.forEach((one, number) => {
    const line = make("li")
    const marked = data.words.filter((word) => one.start <= word.start && word.end <= one.end)
    line.append(make("span", { text: `${data.labels[one.label]}: ${marked.map((word) => word.text).join("").slice(0, 200)} ` }))
    const button = make("button", { type: "button", text: "Remove" })
    button.addEventListener("click", () => setTriggerValue("marks", data.marks.filter((_, other) => other !== number)))
    line.append(button)
    list.append(line)
  })
  const help = make("p", { class: "help", text: "Select words with the pointer, or with ← and → (Shift extends); then press a label or its number." })
  const held = place.getRootNode().activeElement?.className === "text"
  place.replaceChildren(text, labels, help, said, list)
  show()
  if (held) text.focus()
}
