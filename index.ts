export { VeoApi } from './credentials/VeoApi.credentials';
export { Veo } from './nodes/Veo/Veo.node';
