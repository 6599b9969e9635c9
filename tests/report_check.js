/* What test_report_browser.py looks at in a copy of the report. */
var found = {width: innerWidth, page: document.documentElement.scrollWidth};
found.plots = [];
found.tips = [];
found.keys = [];
var data = JSON.parse(document.getElementById("readings").textContent);
var tip = document.querySelector(".tip");
function point(svg, x, y) {
  var frame = svg.getBoundingClientRect(), scale = frame.width / svg.viewBox.baseVal.width;
  svg.dispatchEvent(new PointerEvent("pointermove", {bubbles: true, pointerType: "touch",
    clientX: frame.left + x * scale, clientY: frame.top + y * scale}));
}
function onLine(svg) {
  return Array.from(svg.querySelectorAll(".pointer circle")).every(function (circle) {
    var spot = svg.createSVGPoint();
    spot.x = circle.cx.baseVal.value;
    spot.y = circle.cy.baseVal.value;
    return Array.from(svg.querySelectorAll("path")).some(function (path) {
      path.style.strokeWidth = 3;
      return path.isPointInStroke(spot);
    });
  });
}
function read(svg, picture, panel, tick) {
  if (tip.hidden) { return; }
  found.tips.push({picture: picture, panel: panel, tick: tick, onLine: onLine(svg),
    head: tip.querySelector(".where").textContent,
    values: Object.fromEntries(Array.from(tip.querySelectorAll(".value"), function (row) {
      return [row.querySelector(".name").textContent, row.querySelector(".number").textContent];
    }))});
}
document.querySelectorAll("figure").forEach(function (figure, picture) {
  var svg = figure.querySelector("svg.plot"), box = svg.getBoundingClientRect();
  found.plots.push([box.left, box.right, box.width, box.height]);
  data[picture].forEach(function (panel, number) {
    [0.02, 0.33, 0.71].forEach(function (share) {
      point(svg, panel.box[0] + share * (panel.box[2] - panel.box[0]),
        panel.box[1] + share * (panel.box[3] - panel.box[1]));
      read(svg, picture, number, null);
    });
  });
  svg.querySelectorAll("text").forEach(function (label) {
    var panel = data[picture][0], box = label.getBBox();
    if (label.getAttribute("transform") || box.y < panel.box[3]) { return; }
    if (data[picture].length > 1) { return; }
    point(svg, box.x + box.width / 2, panel.box[3] - 1);
    read(svg, picture, 0, label.textContent);
  });
  found.keys.push(["", "ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp"].map(function (key) {
    if (key) { svg.dispatchEvent(new KeyboardEvent("keydown", {key: key})); }
    return tip.textContent;
  }));
  svg.dispatchEvent(new PointerEvent("pointerleave", {pointerType: "mouse"}));
});
found.hidden = tip.hidden;
found.closed = document.querySelectorAll("details.group:not([open])").length;
dispatchEvent(new Event("beforeprint"));
found.closedInPrint = document.querySelectorAll("details.group:not([open])").length;
found.widest = Math.max.apply(null, Array.from(document.querySelectorAll("main *"), function (one) {
  return one.closest(".scroll table, svg, .definition p") ? 0 : one.getBoundingClientRect().right;
}));
dispatchEvent(new Event("afterprint"));
found.closedAfter = document.querySelectorAll("details.group:not([open])").length;
var shown = document.createElement("pre");
shown.id = "findings";
shown.textContent = JSON.stringify(found);
parent.document.body.appendChild(shown);
