/* The little landscapes: sky, sun, far, near; shapes drawn on a 320 x 120 field. */
const HILLS = ["M0 82Q60 44 130 72T320 58V120H0Z", "M0 100Q90 70 180 94T320 86V120H0Z"];
const SCENES = [
  [/advent|weihnacht|christkind|christmas|winter|silvester/i, "#23395b", "#f3e3b3", "#4d6d96", "#eef3f7", ...HILLS],
  [/nordsee|ostsee|meer|küste|sylt|föhr|rügen|usedom|strand|\bsea\b|coast|beach/i, "#cfe8ee", "#fff6d8", "#5aa6b5", "#e9d8ae",
    "M0 66H320V120H0Z", "M0 104Q70 84 150 98T320 92V120H0Z"],
  [/see\b|\blake|fluss|donau|rhein|mosel|river/i, "#dcecdf", "#fff3c4", "#6f9f7d", "#5f9fb8",
    "M0 74Q50 40 110 66T220 52T320 70V90H0Z", "M0 88H320V120H0Z"],
  [/alpen|\bberge?\b|harz|tirol|allgäu|dolomit|südtirol|alps|mountain/i, "#d9e6f2", "#fff2cc", "#8299b0", "#5d8a68",
    "M0 92L52 38L86 68L138 18L196 74L236 42L320 90V120H0Z", "M0 100Q80 76 170 96T320 88V120H0Z"],
  [/stadt|städte|musical|kultur|konzert|theater|city|culture|concert/i, "#f7dfc9", "#fff1d0", "#b9796a", "#7d4f57",
    "M0 120V70h34V52h20v18h26V36l12-14 12 14v30h30V58h40v16h26V44h22v28h30V60h34v14h34v46Z",
    "M0 120V96h60V84h40v14h70V88h54v12h46V90h50v30Z"],
  [/./, "#e6edd8", "#fff0c2", "#a9bf86", "#7fa168", ...HILLS],
];

function draw(name, attributes, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

function scene(tour) {
  const words = [tour.theme, tour.region, tour.name, tour.family_id, "-"].join(" ");
  const [, sky, sun, far, near, back, front] = SCENES.find(([pattern]) => pattern.test(words));
  return draw("svg", { viewBox: "0 0 320 120", preserveAspectRatio: "xMidYMax slice", "aria-hidden": "true", part: "scene" },
    draw("rect", { width: 320, height: 120, fill: sky }),
    draw("circle", { cx: 250, cy: 40, r: 19, fill: sun }),
    draw("path", { d: back, fill: far }),
    draw("path", { d: front, fill: near }));
}

function coach() {
  const wheel = (cx) => draw("circle", { cx, cy: 50, r: 6, fill: "var(--_text)" });
  return draw("svg", { viewBox: "0 0 120 60", "aria-hidden": "true" },
    draw("path", { d: "M4 57H116", stroke: "var(--_border)", "stroke-width": 3, "stroke-linecap": "round" }),
    draw("path", { d: "M16 18a6 6 0 0 1 6-6H92q7 0 9 7l5 17v14H16Z", fill: "var(--_accent)" }),
    draw("path", { d: "M23 20h15v13H23zM43 20h15v13H43zM63 20h15v13H63zM83 20h9q3 0 4 3l3 10H83Z", fill: "var(--_surface)" }),
    wheel(36), wheel(88));
}
