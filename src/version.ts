/** The version of this installation, as in its package.json. */
import metadata from '../package.json' with { type: 'json' };

export const VERSION: string = metadata.version;
