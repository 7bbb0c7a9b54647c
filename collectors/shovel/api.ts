/**
 * What a shovel needs of the management API of the broker that it runs on.
 *
 *   policymaker tag     putShovel, removeShovel            (and permissions on the vhost)
 *   monitoring tag      shovels
 */
import { reasonOf } from '../../src/errors.ts';
import { ApiError } from '../management/api-error.ts';
import { type HttpOptions, JsonHttp } from '../management/http.ts';

export interface ShovelState {
  readonly name: string;
  /** `running`, `starting`, `terminated`. */
  readonly state: string;
  /** Null unless it runs. */
  readonly exchange: string | null;
}

export class ShovelApi {
  readonly #http: JsonHttp;

  /** @param url `http[s]://user:password@host:15672`. @throws Misuse */
  constructor(url: string, options: HttpOptions = {}) {
    this.#http = new JsonHttp(url, options);
  }

  /** Nothing happens to one that is there with this definition. @throws ApiError, as everything below. */
  async putShovel(vhost: string, name: string, definition: object): Promise<void> {
    const { at } = this.#http;
    await this.#http.put(parameter(vhost, name), { value: definition }, `the making of shovel '${name}'`).catch((error) => {
      if (/not authorised to access/i.test(reasonOf(error))) {
        throw new ApiError(
          'missing_tag',
          `${at}: its user needs the tags policymaker and monitoring, and permissions in vhost '${vhost}'`,
        );
      }
      throw withoutPlugin(
        error,
        /component shovel not found/i,
        `${at} makes no shovels: rabbitmq-plugins enable rabbitmq_shovel`,
      );
    });
  }

  async removeShovel(vhost: string, name: string): Promise<void> {
    await this.#remove(parameter(vhost, name), `the removal of shovel '${name}'`);
  }

  async removeUnusedExchange(vhost: string, name: string): Promise<void> {
    const path = `/api/exchanges/${encodeURIComponent(vhost)}/${encodeURIComponent(name)}?if-unused=true`;
    await this.#remove(path, `the removal of exchange '${name}'`);
  }

  async shovels(vhost: string): Promise<ShovelState[]> {
    const answer = await this.#http.get(`/api/shovels/${encodeURIComponent(vhost)}`, 'its shovels').catch((error) => {
      const remedy = 'rabbitmq-plugins enable rabbitmq_shovel_management';
      throw withoutPlugin(error, /knows nothing of/, `${this.#http.at} does not tell of its shovels: ${remedy}`);
    });
    return (Array.isArray(answer) ? answer : []).map(({ name, state, dest_exchange: exchange }) => ({
      name: String(name),
      state: String(state),
      exchange: typeof exchange === 'string' ? exchange : null,
    }));
  }

  close(): void {
    this.#http.close();
  }

  async #remove(path: string, what: string): Promise<void> {
    await this.#http.delete(path, what).catch((error) => {
      if (!(error instanceof ApiError && error.problem === 'not_there')) throw error;
    });
  }
}

function withoutPlugin(error: unknown, sign: RegExp, remedy: string): unknown {
  return sign.test(reasonOf(error)) ? new ApiError('refused', remedy, error) : error;
}

function parameter(vhost: string, name: string): string {
  return `/api/parameters/shovel/${encodeURIComponent(vhost)}/${encodeURIComponent(name)}`;
}
