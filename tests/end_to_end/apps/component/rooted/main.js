import { told } from "./told.js";

const send = (type, data) => window.parent.postMessage({isStreamlitMessage: true, type, ...data}, "*");
send("streamlit:componentReady", {apiVersion: 1});
send("streamlit:setFrameHeight", {height: 60});
const answer = await fetch("/component/app.rooted/words.json?v=1");
document.querySelector("p").textContent = told(await answer.json());
