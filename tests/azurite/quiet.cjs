// The library of the telemetry that --disableTelemetry turns off is three quarters of what Azurite does to start.
const Module = require("module");
const load = Module._load;
Module._load = (name, ...more) => (name === "applicationinsights" ? {} : load(name, ...more));
