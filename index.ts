export { VeoApi } from './credentials/VeoApi.credentials';
export { VeoJobTableApi } from './credentials/VeoJobTableApi.credentials';
export { Veo } from './nodes/Veo/Veo.node';
export { VeoTrigger } from './nodes/Veo/VeoTrigger.node';
