// A table whose rows open by a click or by Enter. Everything that data holds becomes text, never markup.
// Roles are written out: on a narrow screen rows are laid out as cards, and browsers then forget that this is a table.
export default function ({ data, parentElement, setTriggerValue }) {
  const place = parentElement.querySelector(".rows")
  const held = parentElement.activeElement ?? parentElement.getRootNode().activeElement
  const heldKey = held?.dataset?.key
  const element = (name, properties = {}, children = []) => {
    const made = document.createElement(name)
    for (const [key, value] of Object.entries(properties)) {
      if (key === "text") made.textContent = value
      else if (value !== undefined && value !== null) made.setAttribute(key, value)
    }
    made.append(...children)
    return made
  }
  const head = data.columns.map((column) => {
    const cell = element("th", { scope: "col", role: "columnheader", class: column.kind + (column.minor ? " minor" : ""), title: column.help })
    if (!column.sort) {
      cell.textContent = column.title
      return cell
    }
    const sorted = data.sort === column.sort ? (data.descending ? "descending" : "ascending") : "none"
    cell.setAttribute("aria-sort", sorted)
    const mark = { ascending: " ↑", descending: " ↓", none: "" }[sorted]
    const button = element("button", { type: "button", "data-key": "sort " + column.sort, text: column.title + mark })
    button.addEventListener("click", () => setTriggerValue("sorted", column.sort))
    cell.append(button)
    return cell
  })
  const openers = []
  const rows = data.rows.map((row, index) => {
    const cells = row.cells.map((cell, number) => {
      const column = data.columns[number]
      const made = element("td", { role: "cell", class: column.kind + (column.minor ? " minor" : "") + (cell === null ? " absent" : ""), "data-label": column.title })
      const parts = Array.isArray(cell) ? cell : [cell]
      for (const [position, part] of parts.entries()) {
        const shown = typeof part === "object" && part !== null ? part : { text: part ?? "—" }
        const label = element("span", { class: shown.tone ? "tone " + shown.tone : undefined, text: shown.text })
        if (column.opens && position === 0) {
          const opener = element("button", { type: "button", class: "open", "data-key": "row " + row.key }, [label])
          opener.tabIndex = openers.length ? -1 : 0
          openers.push(opener)
          made.append(opener)
        } else made.append(label)
      }
      return made
    })
    const line = element("tr", { role: "row" }, cells)
    line.addEventListener("click", () => {
      if (!String(getSelection() ?? "")) setTriggerValue("opened", row.key)
    })
    return line
  })
  const focusOn = (index) => {
    const target = openers[Math.max(0, Math.min(index, openers.length - 1))]
    if (!target) return
    openers.forEach((opener) => { opener.tabIndex = opener === target ? 0 : -1 })
    target.focus()
  }
  const table = element("table", { role: "table", "aria-label": data.label }, [
    element("thead", { role: "rowgroup" }, [element("tr", { role: "row" }, head)]),
    element("tbody", { role: "rowgroup" }, rows),
  ])
  const keys = { ArrowDown: 1, ArrowUp: -1 }
  table.addEventListener("keydown", (event) => {
    const at = openers.indexOf(event.target)
    if (at < 0 || event.ctrlKey || event.metaKey || event.altKey) return
    const wanted = event.key in keys ? at + keys[event.key]
      : event.key === "Home" ? 0 : event.key === "End" ? openers.length - 1 : null
    if (wanted === null) return
    event.preventDefault()
    event.stopPropagation()
    focusOn(wanted)
  })
  place.replaceChildren(table)
  const again = heldKey && [...place.querySelectorAll("button")].find((button) => button.dataset.key === heldKey)
  if (again) again.focus()
}
