// Goes back and forth in the traces. The page is whole without this: it shows the last states.
"use strict";
(() => {
  const NAMED = 4; // As in moment.rs: more tasks at one line are counted.
  const PACE = 700; // Milliseconds a step when playing; long traces take half a minute at most.
  const data = JSON.parse(document.getElementById("data").textContent);

  // The number that holds from a state on: points are sorted by state.
  function at(points, state) {
    let low = 0, high = points.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (points[middle][0] <= state) low = middle + 1; else high = middle;
    }
    return low === 0 ? null : points[low - 1];
  }
  // A recording as it was before texts were numbered and fields lost their names: see script.rs.
  function unpack({ texts, programs, steps, waits, holds, lost, stale, ...rest }) {
    const said = (numbers) => numbers.map((number) => texts[number]);
    return {
      ...rest,
      programs: programs.map(said),
      steps: steps.map(([task, at, to, effect, findings, holds]) =>
        ({ task, at, to, effect: effect === null ? null : texts[effect], findings: said(findings), holds: said(holds) })),
      waits: waits.map(([task, thing, from, to]) => ({ task, thing, from, to })),
      holds: holds.map(([task, thing, n, from, to]) => ({ task, thing, n, from, to })),
      lost: lost.map(([task, thing]) => ({ task, thing })),
      stale: stale.map(([series, page, from, to]) => ({ series, page: texts[page], from, to })),
    };
  }
  const covers = (span, state) => span.from <= state && (span.to === null || state < span.to);
  const plural = (n, one, many) => (n === 1 ? one : many);

  class Player {
    constructor(section, { recording: packed, graph }) {
      const recording = unpack(packed);
      Object.assign(this, { section, recording, graph, timer: null });
      this.last = recording.steps.length;
      this.state = this.last;
      // No element that is asked for comes or goes, and to look for one in a long trace takes time.
      const found = new Map();
      this.all = (selector) => {
        if (!found.has(selector)) found.set(selector, [...section.querySelectorAll(selector)]);
        return found.get(selector);
      };
      this.one = (selector) => this.all(selector)[0] ?? null;
      // Where each task is, and what it holds: by state, its own steps only.
      this.places = recording.tasks.map((task) => [[0, task.start, []]]);
      recording.steps.forEach((step, i) =>
        this.places[step.task].push([i + 1, step.to, step.to === null ? [] : step.holds]));
      this.lost = recording.tasks.map(() => []);
      for (const { task, thing } of recording.lost) this.lost[task].push(thing);
      this.slider = this.one("input[type=range]");
      this.now = this.one(".now");
      this.cursor = this.one(".cursor");
      this.lines = this.all(".program").map((program) => [...program.querySelectorAll("li.line")]);
      // The lines of each program that have badges.
      this.badged = this.lines.map((lines) => new Set(lines.flatMap((line, i) => line.matches(".current") ? [i] : [])));
      this.rows = this.all("table.steps tbody tr");
      this.listen();
    }

    listen() {
      this.one(".controls").hidden = false;
      this.cursor.hidden = false;
      this.slider.addEventListener("input", () => { this.pause(); this.show(Number(this.slider.value)); });
      for (const button of this.all("[data-go]")) {
        button.addEventListener("click", () => this.go(button.dataset.go));
      }
      this.one(".chart").addEventListener("click", (event) => {
        const over = this.one(".over").getBoundingClientRect();
        const share = (event.clientX - over.left) / over.width;
        if (share < 0 || share >= 1) return;
        event.preventDefault();
        this.pause();
        this.show(Math.floor(share * (this.last + 1)));
      });
      const trace = this.one("details.trace");
      if (this.last > 40) trace.open = false;
      window.addEventListener("beforeprint", () => { trace.open = true; });
    }

    go(where) {
      if (where !== "play") this.pause();
      const lost = this.recording.point_of_no_return;
      switch (where) {
        case "first": return this.show(0);
        case "back": return this.show(this.state - 1);
        case "on": return this.show(this.state + 1);
        case "last": return this.show(this.last);
        case "lost": return lost === null ? undefined : this.show(lost);
        case "play": return this.timer ? this.pause() : this.play();
      }
    }

    play() {
      if (this.state === this.last) this.show(0);
      const pace = Math.max(16, Math.min(PACE, 30000 / (this.last + 1)));
      const stride = Math.max(1, Math.round(((this.last + 1) * pace) / 30000));
      this.now.setAttribute("aria-live", "off"); // Nobody can listen that fast.
      this.timer = setInterval(() => {
        this.show(this.state + stride);
        if (this.state === this.last) this.pause();
      }, pace);
      this.label("❚❚", "Pause");
    }

    pause() {
      if (!this.timer) return;
      clearInterval(this.timer);
      this.timer = null;
      this.now.setAttribute("aria-live", "polite");
      this.label("▶", "Play");
    }

    label(sign, word) {
      const button = this.one("[data-go=play]");
      button.firstElementChild.textContent = sign;
      button.querySelector(".word").textContent = word;
    }

    show(state) {
      this.state = state = Math.max(0, Math.min(this.last, state));
      const { recording } = this;
      const where = this.places.map((places) => at(places, state));
      const waits = recording.tasks.map(() => []);
      for (const wait of recording.waits) if (covers(wait, state)) waits[wait.task].push(wait.thing);
      this.slider.value = state;
      this.tell(state);
      this.programs(where, waits);
      this.tasks(state, where, waits);
      this.slots(state);
      this.draw(state, where, waits);
      this.cursor.style.left = `${(100 * state) / (this.last + 1)}%`;
      for (const button of this.all("[data-go=first], [data-go=back]")) button.disabled = state === 0;
      for (const button of this.all("[data-go=last], [data-go=on]")) button.disabled = state === this.last;
      for (const when of this.all(".when")) {
        when.textContent = state === this.last ? "at the end of the trace"
          : state === 0 ? "at the start" : `after step ${state} of ${this.last}`;
      }
      this.row?.classList.remove("here");
      this.row = this.rows[state - 1];
      this.row?.classList.add("here");
    }

    tell(state) {
      const { recording } = this;
      let said = `Start, before step 1 of ${this.last}.`;
      if (state > 0) {
        const step = recording.steps[state - 1];
        const task = recording.tasks[step.task];
        said = `Step ${state} of ${this.last}: ${task.name}: ${recording.programs[task.program][step.at]}`;
        if (step.effect) said += ` (${step.effect})`;
        if (step.findings.length) said += ` – ${step.findings.join(", ")}`;
        said += ".";
      }
      const lost = recording.point_of_no_return;
      if (lost !== null && state === lost) said += " From here on nothing can save the core.";
      if (this.now.textContent !== said) this.now.textContent = said;
      this.slider.setAttribute("aria-valuetext", said);
    }

    programs(where, waits) {
      this.all(".program").forEach((element, program) => {
        const lines = this.lines[program], here = new Map();
        const tasksAt = (line) => here.get(line) ?? here.set(line, [[], []]).get(line);
        this.recording.tasks.forEach((task, i) => {
          if (task.program !== program) return;
          const line = where[i][1] === null ? lines.length - 1 : where[i][1];
          tasksAt(line)[waits[i].length ? 0 : 1].push(task.instance || "here");
        });
        // Most lines stay as they are, and a program may have thousands.
        for (const line of this.badged[program]) tasksAt(line);
        this.badged[program] = new Set();
        for (const [i, tasks] of here) {
          const line = lines[i];
          const badges = tasks.flatMap((names, going) => {
            const texts = names.length > NAMED ? [`×${names.length}`] : names;
            return texts.map((text) => {
              const badge = document.createElement("span");
              badge.className = going ? "badge" : "badge waits";
              badge.textContent = going ? text : `${text} waits`;
              return badge;
            });
          });
          line.classList.toggle("current", badges.length > 0);
          let place = line.querySelector(".badges");
          if (place === null) {
            place = document.createElement("span");
            place.className = "badges";
            line.append(" ", place);
          }
          place.replaceChildren(...badges.flatMap((badge) => [badge, " "]));
          if (badges.length) this.badged[program].add(i);
        }
        // Keep somebody's line in sight, within the program only: the page does not jump.
        const list = element.querySelector(".lines"), current = list.querySelector(".current");
        if (current !== null && list.scrollHeight > list.clientHeight) {
          list.scrollTop += current.getBoundingClientRect().top - list.getBoundingClientRect().top - list.clientHeight / 3;
        }
      });
    }

    // What all tasks of a lane say, or how many say what, most first.
    tally(lane, says) {
      const counts = new Map();
      for (const task of lane.tasks) counts.set(says(task), (counts.get(says(task)) ?? 0) + 1);
      if (counts.size === 1) return [...counts.keys()][0];
      return [...counts].filter(([said]) => said)
        .sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
        .map(([said, n]) => `${n}: ${said}`).join("; ");
    }

    tasks(state, where, waits) {
      const { recording } = this;
      const label = (thing) => recording.things[thing].label;
      this.all("table.tasks tbody tr").forEach((row, i) => {
        const lane = recording.lanes[i];
        const next = (task) => where[task][1] === null ? ""
          : recording.programs[recording.tasks[task].program][where[task][1]];
        const stands = (task) => where[task][1] === null
        ? `ended${this.lost[task].length ? ` with ${this.lost[task].map(label).join(" and ")}` : ""}`
          : waits[task].length ? `waits for ${waits[task].map(label).join(" and ")}` : "can go on";
        row.cells[1].textContent = this.tally(lane, stands);
        row.cells[2].firstElementChild.textContent = this.tally(lane, next);
        row.cells[3].textContent = lane.tasks.length === 1
          ? where[lane.tasks[0]][2].join(", ") : this.sums(state, lane);
      });
    }

    sums(state, lane) {
      const among = new Set(lane.tasks);
      const sums = new Map();
      for (const hold of this.recording.holds) {
        if (covers(hold, state) && among.has(hold.task)) sums.set(hold.thing, (sums.get(hold.thing) ?? 0) + hold.n);
      }
      return [...sums].sort(([a], [b]) => a - b)
        .map(([thing, n]) => `${this.recording.things[thing].label} ×${n}`).join(", ");
    }

    usage(series, state) {
      const track = this.recording.series[series];
      const [, used, stale] = at(track.usage, state);
      return `${used}${track.slots === null ? "" : ` of ${track.slots}`}${stale ? `, ${stale} stale` : ""}`;
    }

    // In the picture there is no room for more.
    used(series, state) {
      const [, , stale] = at(this.recording.series[series].usage, state);
      return stale ? this.usage(series, state) : `${this.usage(series, state)} in use`;
    }

    slots(state) {
      const stale = this.recording.series.map(() => []);
      for (const span of this.recording.stale) if (covers(span, state)) stale[span.series].push(span.page);
      this.all(".row.track .usage").forEach((usage, i) => { usage.textContent = this.usage(i, state); });
      this.all(".stale-pages").forEach((line, i) => {
        const pages = stale[i], more = pages.length - NAMED;
        line.hidden = pages.length === 0;
        line.lastElementChild.textContent = pages.slice(0, NAMED).join(", ") + (more > 0 ? ` and ${more} more` : "");
      });
    }

    draw(state, where, waits) {
      const { graph, recording } = this;
      const touched = new Set();
      // Lines and their labels: both say which edge they belong to.
      for (const element of this.all("svg.graph [data-edge]")) {
        const edge = graph.edges[element.dataset.edge];
        const n = at(edge.points, state)?.[1] ?? 0;
        element.classList.toggle("off", n === 0);
        this.stick(element, edge, state);
        if (n > 0) touched.add(edge.from).add(edge.to);
        if (!element.matches(".word")) continue;
        element.textContent = edge.kind === "waits" ? (n > 1 ? `${n} wait for` : "waits for")
          : edge.kind === "gives" ? "could be given by"
          : `${n > 1 ? `${n} ` : ""}${edge.kind === "lost" ? "lost by" : "held by"}`;
      }
      this.all("svg.graph .node").forEach((element, i) => {
        const node = graph.nodes[i];
        element.classList.toggle("idle", !touched.has(i) && node.lane === null);
        this.stick(element, node, state);
        const second = element.querySelector(".second");
        if (node.lane !== null) second.textContent = this.brief(recording.lanes[node.lane], where, waits);
        else if (node.series !== null) second.textContent = this.used(node.series, state);
      });
    }

    stick(element, what, state) {
      const stuck = what.stuck !== null && state >= what.stuck;
      element.classList.toggle("stuck", stuck);
      const arrow = `url(#arrow-${stuck ? "stuck-" : ""}${Number(this.section.dataset.finding) + 1})`;
      element.querySelector("path[marker-end]")?.setAttribute("marker-end", arrow);
    }

    brief(lane, where, waits) {
      const ended = lane.tasks.filter((task) => where[task][1] === null).length;
      const waiting = lane.tasks.filter((task) => where[task][1] !== null && waits[task].length).length;
      const going = lane.tasks.length - ended - waiting;
      const one = lane.tasks.length === 1;
      return [[waiting, plural(waiting, "waits", "wait")], [going, "can go on"], [ended, "ended"]]
        .filter(([n]) => n > 0).map(([n, word]) => (one ? word : `${n} ${word}`)).join(", ");
    }
  }

  const players = [...document.querySelectorAll(".finding")].map((section, i) => new Player(section, data.findings[i]));
  let shown = 0;

  // Findings as tabs.
  const bar = document.getElementById("tabs");
  const tabs = bar === null ? [] : players.map(({ section }, i) => {
    const tab = document.createElement("button");
    Object.assign(tab, { type: "button", id: `tab-${i + 1}`, textContent: section.querySelector(".kind").textContent });
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", section.id);
    section.setAttribute("role", "tabpanel");
    section.setAttribute("aria-labelledby", tab.id);
    tab.addEventListener("click", () => select(i));
    tab.addEventListener("keydown", (event) => {
      const to = { ArrowLeft: i - 1, ArrowRight: i + 1, Home: 0, End: players.length - 1 }[event.key];
      if (to === undefined || plainKey(event) === false) return;
      event.preventDefault();
      event.stopPropagation();
      select((to + players.length) % players.length);
      tabs[shown].focus();
    });
    return tab;
  });
  if (bar !== null) {
    bar.setAttribute("role", "tablist");
    bar.setAttribute("aria-label", "Findings");
    bar.append(...tabs);
    bar.hidden = false;
  }
  function select(i) {
    players[shown]?.pause();
    shown = i;
    players.forEach(({ section }, j) => { if (tabs.length) section.hidden = j !== i; });
    tabs.forEach((tab, j) => { tab.setAttribute("aria-selected", j === i); tab.tabIndex = j === i ? 0 : -1; });
  }

  // Keys, unless they mean something where the focus is.
  function plainKey(event) { return !(event.ctrlKey || event.altKey || event.metaKey); }
  document.addEventListener("keydown", (event) => {
    const player = players[shown];
    const on = event.target.closest("button, a, input, summary, select");
    const go = { ArrowLeft: "back", ArrowRight: "on", Home: "first", End: "last", n: "lost", " ": "play" }[event.key];
    if (!player || !go || !plainKey(event) || event.defaultPrevented) return;
    if (on && (event.key === " " || on.matches("input, [role=tab]"))) return;
    event.preventDefault();
    player.go(go);
  });

  // Light or dark: what the system says, until somebody chooses.
  const root = document.documentElement, button = document.getElementById("theme");
  const dark = () => (root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const name = () => { button.textContent = dark() ? "Light" : "Dark"; button.title = `Show the page in ${dark() ? "light" : "dark"} colours`; };
  button.addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; name(); });
  button.hidden = false;
  name();

  // #finding=2&step=3 opens the page there.
  const asked = new URLSearchParams(location.hash.slice(1));
  if (asked.has("theme")) { root.dataset.theme = asked.get("theme"); name(); }
  if (players.length) {
    const finding = Number(asked.get("finding") ?? 1) - 1;
    select(players[finding] ? finding : 0);
    const step = asked.get("step");
    for (const player of players) player.show(player.last);
    if (step !== null && /^\d+$/.test(step)) players[shown].show(Number(step));
  }
})();
