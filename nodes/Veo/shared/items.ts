import type { IDataObject } from 'n8n-workflow';
import type { UploadedImage } from '../api/client';
import type { JsonObject } from '../api/json';

/** An answer of the API as an item's `json`: both types hold what JSON can hold. */
export const toItemJson = (data: JsonObject | UploadedImage) => data as IDataObject;
