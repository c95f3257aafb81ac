for (const table of document.querySelectorAll("table.sorts")) {
  const head = table.rows[0];
  for (const cell of head.cells) {
    cell.tabIndex = 0;
    const sort = () => {
      const up = cell.ariaSort === "descending";
      for (const other of head.cells) other.removeAttribute("aria-sort");
      cell.ariaSort = up ? "ascending" : "descending";
      const text = row => row.cells[cell.cellIndex].textContent.trim();
      const compare = (one, other) => {
        const numbers = [parseFloat(text(one)), parseFloat(text(other))];
        return numbers.some(isNaN) ? text(one).localeCompare(text(other)) : numbers[0] - numbers[1];
      };
      const rows = [...table.rows].slice(1).sort((one, other) => (up ? 1 : -1) * compare(one, other));
      table.tBodies[0].append(...rows);
    };
    cell.addEventListener("click", sort);
    cell.addEventListener("keydown", event => { if (event.key === "Enter") sort(); });
  }
}
