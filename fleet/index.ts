/** The operators' end, thin for now: the embedded broker, following a device, sending commands. */
export { type Account, type Broker, startBroker } from "./broker.ts";
export { catalogue } from "./connect.ts";
export { connectOperator, type OperatorLink } from "./operator.ts";
export { createDeviceView, type DeviceView, type DeviceViewState, formatMessage } from "./watch.ts";
