// SPDX-License-Identifier: GPL-2.0-only
// Draws the report's charts with Chart.js from the specs in the element `charts`, which report_html.Chart describes.
//
// Contract: every canvas that is visible is drawn once the page is loaded; one in a fold when it is opened; all of them
// anew when the colour scheme changes, and in light colours for paper. A drawn canvas has data-drawn.
(function () {
	"use strict";
	const specs = JSON.parse(document.getElementById("charts").textContent);
	const drawn = new Map();
	const NARROW = 560, POINTS = ["circle", "triangle", "rectRot", "rect", "star", "cross"];
	const DASHES = [[], [7, 3], [2, 3], [10, 3, 2, 3], [4, 4], [1, 5]];
	let paper = false;

	const colour = name => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
	const colours = () => ["s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8"].map(colour);
	const short = value => value >= 1e6 ? +(value / 1e6).toPrecision(3) + " M" :
		value >= 1e3 ? +(value / 1e3).toPrecision(3) + " k" : +value.toPrecision(3) + "";

	// A label in lines of about so many letters, for the axis of a narrow screen.
	function lines(text, letters) {
		const found = [""];
		for (const word of text.split(" ")) {
			const last = found[found.length - 1];
			if (last && last.length + word.length >= letters)
				found.push(word);
			else
				found[found.length - 1] = last ? last + " " + word : word;
		}
		return found.map(line => line.length > letters * 2 ? line.slice(0, letters * 2 - 1) + "…" : line);
	}

	// The values written behind their bars.
	const written = {
		id: "written",
		afterDatasetsDraw(chart, _args, options) {
			if (!options.notes)
				return;
			const context = chart.ctx;
			context.save();
			context.font = options.font;
			context.fillStyle = colour("text");
			context.textBaseline = "middle";
			context.strokeStyle = colour("back");       // so that no grid line goes through the letters
			context.lineWidth = 4;
			chart.data.datasets.forEach((dataset, index) => {
				const meta = chart.getDatasetMeta(index);
				(options.notes[index] || []).forEach((note, row) => {
					const bar = meta.data[row];
					if (note === null || !bar || meta.hidden)
						return;
					const x = dataset.data[row] === null ? chart.chartArea.left : bar.x;
					const y = Number.isFinite(bar.y) ? bar.y : chart.scales.y.getPixelForValue(row);
					context.strokeText(note, x + 6, y);
					context.fillText(note, x + 6, y);
				});
			});
			context.restore();
		},
	};

	// A line from the first to the last mark of each row, and one that stands for a ratio of 1.
	const guides = {
		id: "guides",
		beforeDatasetsDraw(chart, _args, options) {
			const context = chart.ctx, area = chart.chartArea;
			context.save();
			context.strokeStyle = colour("quiet");
			if (options.line !== undefined) {
				const x = chart.scales.x.getPixelForValue(options.line);
				context.setLineDash([4, 3]);
				context.beginPath();
				context.moveTo(x, area.top);
				context.lineTo(x, area.bottom);
				context.stroke();
			}
			if (options.spans) {
				chart.data.labels.forEach((_label, row) => {
					const xs = chart.data.datasets.map(d => chart.scales.x.getPixelForValue(d.data[row]));
					const y = chart.scales.y.getPixelForValue(row);
					context.beginPath();
					context.moveTo(Math.min(...xs), y);
					context.lineTo(Math.max(...xs), y);
					context.stroke();
				});
			}
			context.restore();
		},
	};

	const FONT = 13;
	const family = () => getComputedStyle(document.body).fontFamily;

	function base(spec, axes) {
		return {
			animation: false, responsive: true, maintainAspectRatio: false,
			devicePixelRatio: Math.max(window.devicePixelRatio || 1, paper ? 3 : 1),
			interaction: { mode: "nearest", axis: spec.kind === "lines" || spec.kind === "timeline" ? "x" : "y", intersect: false },
			scales: axes,
			plugins: {
				legend: { display: spec.legend !== false, position: "top", align: "start",
					labels: { color: colour("text"), usePointStyle: true, boxWidth: 10, boxHeight: 8, font: { size: FONT } } },
				tooltip: { backgroundColor: colour("text"), titleColor: colour("back"), bodyColor: colour("back") },
			},
		};
	}

	function axis(more) {
		return Object.assign({
			grid: { color: colour("line"), borderColor: colour("quiet") },
			ticks: { color: colour("text"), font: { size: FONT - 1 } },
		}, more);
	}

	// In lines on a narrow screen, where it would be squeezed.
	const titled = (text, width) => ({ display: Boolean(text), text: width < NARROW && text ? lines(text, 30) : text,
		color: colour("quiet"), font: { size: FONT - 1 } });

	// Only powers of ten, and 2 and 5 where there is room, have a number.
	function logarithmic(title, width) {
		const found = axis({ type: "logarithmic", title: titled(title, width) });
		found.ticks.maxRotation = 0;
		found.ticks.autoSkipPadding = 14;
		found.ticks.callback = value => {
			const first = value / Math.pow(10, Math.floor(Math.log10(value) + 1e-9));
			return [1, 2, 5].some(n => Math.abs(first - n) < 1e-6) ? short(value) : null;
		};
		return found;
	}

	function categories(width) {
		const letters = width < NARROW ? 13 : 34;
		const found = axis({ type: "category" });
		found.grid = { display: false, borderColor: colour("quiet") };
		found.ticks.autoSkip = false;
		found.ticks.crossAlign = "far";
		found.ticks.callback = function (value) {
			return lines(this.getLabelForValue(value), letters);
		};
		return found;
	}

	function rows(spec, width, each) {
		const letters = width < NARROW ? 13 : 34;
		const most = Math.max(...spec.labels.map(label => lines(label, letters).length), 1);
		return spec.labels.length * Math.max(each, most * 16 + 6);
	}

	function bars(spec, width) {
		const stacked = spec.kind === "stack", palette = colours();
		const font = `${FONT}px ${family()}`;
		const context = document.createElement("canvas").getContext("2d");
		context.font = font;
		const notes = stacked ? null : spec.series.map(s => s.notes || null);
		const room = stacked ? 0 : Math.max(0, ...notes.flat().map(n => n ? context.measureText(n).width : 0)) + 14;
		const options = base(spec, {
			x: axis({ beginAtZero: true, stacked, title: titled(spec.unit, width), max: stacked ? 100 : undefined }),
			y: Object.assign(categories(width), { stacked }),
		});
		options.scales.x.ticks.callback = value => short(value);
		options.scales.x.ticks.maxRotation = 0;
		options.indexAxis = "y";
		options.layout = { padding: { right: room } };
		options.plugins.legend.display = spec.series.length > 1;
		options.plugins.written = { notes, font };
		options.plugins.guides = { line: spec.line };
		const datasets = spec.series.map((s, index) => ({
			label: s.name, data: s.values, maxBarThickness: 26, categoryPercentage: .82, barPercentage: .9, pointStyle: "rect",
			backgroundColor: s.colours ? s.colours.map(colour) : palette[index % palette.length],
		}));
		const each = stacked ? 30 : Math.max(30, spec.series.length * 20 + 8);
		return { height: rows(spec, width, each) + 66 + (spec.series.length > 1 ? 34 : 0),
			config: { type: "bar", data: { labels: spec.labels, datasets }, options, plugins: [written, guides] } };
	}

	function dots(spec, width) {
		const palette = colours();
		const options = base(spec, { x: logarithmic(spec.unit, width), y: Object.assign(categories(width), { offset: true }) });
		options.indexAxis = "y";
		options.plugins.guides = { spans: true };
		options.layout = { padding: { right: 16 } };
		const datasets = spec.series.map((s, index) => ({
			label: s.name, data: s.values, showLine: false, pointStyle: POINTS[index], pointRadius: 6, pointHoverRadius: 8,
			backgroundColor: palette[index], borderColor: palette[index],
		}));
		return { height: rows(spec, width, 32) + 100,
			config: { type: "line", data: { labels: spec.labels, datasets }, options, plugins: [guides] } };
	}

	// Shares of the pages, stretched: the distance from one is what is drawn.
	function tail(spec) {
		const left = spec.series.flatMap(s => s.points.map(p => 1 - p[1])).filter(v => v > 1e-12);
		const least = left.length ? Math.min(...left) : .1;
		const bottom = Math.pow(10, Math.floor(Math.log10(least) - 1e-9));
		return { bottom, points: points => points.map(p => ({ x: Math.max(p[0], 1), y: Math.max(1 - p[1], bottom), share: p[1] })) };
	}

	const few = series => series.points.length < 12;

	function strokes(series, points) {
		const palette = colours();
		return series.map((s, index) => ({
			label: s.name, data: points(s.points), hidden: Boolean(s.hidden), borderColor: palette[index % palette.length],
			backgroundColor: palette[index % palette.length], borderDash: DASHES[Math.floor(index / palette.length + index) % DASHES.length],
			borderWidth: 2.2, pointRadius: few(s) ? 4 : 0, pointHoverRadius: 5, tension: 0,
			pointStyle: few(s) ? POINTS[index % POINTS.length] : "line",
		}));
	}

	function plot(spec, width) {
		const plain = points => points.map(p => ({ x: p[0], y: p[1] }));
		const options = base(spec, {
			x: spec.x.log ? logarithmic(spec.x.title, width) : axis({ type: "linear", title: titled(spec.x.title) }),
			y: axis({ type: "linear", title: titled(spec.y.title), beginAtZero: Boolean(spec.y.zero) }),
		});
		let points = plain;
		if (spec.tail) {
			const scale = tail(spec);
			points = scale.points;
			options.scales.y = axis({ type: "logarithmic", reverse: true, min: scale.bottom, max: 1,
				title: titled(width < NARROW ? "share of pages" : spec.y.title) });
			options.scales.y.ticks.callback = value => Math.abs(Math.log10(value) - Math.round(Math.log10(value))) > 1e-6 ? null :
				+((1 - value) * 100).toFixed(8) + " %";
			options.plugins.tooltip.callbacks = { label: item =>
				`${item.dataset.label}: ${+(item.raw.share * 100).toPrecision(7)} % within ${short(item.raw.x)}` };
		}
		options.plugins.legend.labels.pointStyleWidth = 32;
		const datasets = strokes(spec.series, points);
		datasets.forEach(d => { d.stepped = spec.tail ? "before" : false; });
		return { height: 360 + Math.ceil(spec.series.length / (width < NARROW ? 1 : 3)) * 22,
			config: { type: "line", data: { datasets }, options } };
	}

	// Two panes over the same time: the level above, the routes below.
	function timeline(spec, width) {
		const all = [{ name: "free pages", points: spec.level }].concat(spec.routes);
		const datasets = strokes(all, points => points.map(p => ({ x: p[0], y: p[1] })));
		datasets[0].stepped = "before";
		datasets[0].yAxisID = "y";
		datasets.slice(1).forEach((d, index) => Object.assign(d, { yAxisID: "routes", fill: index ? "-1" : "origin",
			stack: "routes", stepped: "after", backgroundColor: d.borderColor + "cc", borderDash: [], borderWidth: 1,
			pointRadius: 0, pointStyle: "rect" }));
		const options = base(spec, {
			x: axis({ type: "linear", title: titled(spec.x.title) }),
			routes: axis({ type: "linear", axis: "y", stack: "panes", stackWeight: 1, stacked: true, beginAtZero: true, offset: false,
				title: titled(width < NARROW ? "taken a ms" : "pages taken a millisecond") }),
			y: axis({ type: "linear", stack: "panes", stackWeight: 1, beginAtZero: true, offset: true, title: titled("free pages") }),
		});
		options.plugins.legend.labels.pointStyleWidth = 32;
		return { height: 460 + Math.ceil(all.length / (width < NARROW ? 2 : 6)) * 22,
			config: { type: "line", data: { datasets }, options } };
	}

	const kinds = { bars, stack: bars, dots, lines: plot, timeline };

	function draw(spec) {
		const canvas = document.getElementById(spec.id);
		const box = canvas.parentElement, width = box.clientWidth;
		if (!width || box.closest("details:not([open])"))
			return;
		const made = kinds[spec.kind](spec, width);
		if (drawn.has(spec.id))
			drawn.get(spec.id).chart.destroy();
		box.style.height = Math.round(made.height) + "px";
		drawn.set(spec.id, { chart: new Chart(canvas, made.config), width });
		canvas.dataset.drawn = spec.kind;
	}

	function all(again) {
		Chart.defaults.font.family = family();
		Chart.defaults.color = colour("text");
		for (const spec of specs) {
			const before = drawn.get(spec.id);
			const width = document.getElementById(spec.id).parentElement.clientWidth;
			// Labels are broken into lines by the width.
			if (again || !before || (before.width < NARROW) !== (width < NARROW))
				draw(spec);
		}
	}

	all(true);
	document.addEventListener("toggle", () => all(false), true);
	window.addEventListener("resize", () => all(false));
	matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => all(true));
	for (const [event, value] of [["beforeprint", true], ["afterprint", false]]) {
		window.addEventListener(event, () => {
			paper = value;
			document.documentElement.classList.toggle("paper", value);
			all(true);
		});
	}
})();
