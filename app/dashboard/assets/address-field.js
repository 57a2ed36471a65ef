/* A field that writes itself into the page's address; the page then draws what the address asks for. */
(function () {
  "use strict";
  const h = React.createElement;
  function AddressField(props) {
    const [text, setText] = React.useState(props.value || "");
    React.useEffect(() => setText(props.value || ""), [props.value]);
    const send = () => {
      if (text.trim() === (props.value || "")) return;
      const query = new URLSearchParams(window.location.search);
      ["page", "certificates"].forEach((name) => query.delete(name));
      if (text.trim()) query.set(props.name, text.trim()); else query.delete(props.name);
      const told = query.toString();
      window.history.pushState({}, "", window.location.pathname + (told ? "?" + told : ""));
      window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
    };
    return h("input", {
      id: props.id, type: "search", value: text, placeholder: props.placeholder, "aria-label": props.label, autoComplete: "off", spellCheck: false,
      onChange: (e) => setText(e.target.value), onKeyDown: (e) => { if (e.key === "Enter") send(); }, onBlur: send,
    });
  }
  window.leadline = Object.assign(window.leadline || {}, { AddressField });
})();
