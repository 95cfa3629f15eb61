// The time line as a component: drawn anew when what it shows is another.

const standing = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".timeline");
  const signature = JSON.stringify(data);
  const known = standing.get(root);
  if (known?.signature === signature) return;
  const held = known?.timeline.held();
  standing.set(root, { signature, timeline: new Timeline(root, data, setTriggerValue, held) });
}
