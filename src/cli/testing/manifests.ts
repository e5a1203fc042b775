/** A GatewayClass, and the Gateway `web` with one listener. More documents may follow. */
export const gatewayManifests = `
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: lb }
spec: { controllerName: gatehouse.dev/aws }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: web }
spec: { gatewayClassName: lb, listeners: [{ name: http, port: 80, protocol: HTTP }] }
`;
