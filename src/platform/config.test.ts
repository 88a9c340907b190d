import { describe, expect, it } from 'vitest';
import { ConfigError, parseConfig } from './config.ts';

describe('the configuration', () => {
  it('has a value for everything when nothing is set, with the data folder beside the caller', () => {
    expect(parseConfig({}, '/srv/app')).toMatchObject({
      port: 3000,
      host: '127.0.0.1',
      data_dir: '/srv/app/.tallystick',
      database_url: null,
      bootstrap_key: null,
      secure_cookies: false,
    });
  });

  it('takes an empty variable for one that is not set', () => {
    expect(parseConfig({ PORT: '', DATABASE_URL: '' }, '/')).toMatchObject({ port: 3000, database_url: null });
  });

  it('names every wrong variable at once, and says nothing of their values', () => {
    const wrong = () =>
      parseConfig(
        {
          PORT: '99999',
          DATABASE_URL: 'mysql://secret@host',
          TALLYSTICK_BOOTSTRAP_KEY: 'sk_live_secret',
          TALLYSTICK_MASTER_KEY: 'AAAA',
        },
        '/',
      );
    expect(wrong).toThrow(ConfigError);
    for (const name of ['PORT', 'DATABASE_URL', 'TALLYSTICK_BOOTSTRAP_KEY', 'TALLYSTICK_MASTER_KEY']) expect(wrong).toThrow(name);
    expect(wrong).not.toThrow('secret');
  });

  it('lets webhooks go to private addresses that are listed, and to no names', () => {
    const allowed = (text: string) => parseConfig({ TALLYSTICK_WEBHOOKS_ALLOW_PRIVATE: text }, '/').webhooks_allow_private;
    expect(allowed('')).toEqual([]);
    expect(allowed('127.0.0.1, ::1')).toEqual(['127.0.0.1', '::1']);
    for (const wrong of ['localhost', '127.0.0.1,', '10.0.0.0/8'])
      expect(() => allowed(wrong), wrong).toThrow('WEBHOOKS_ALLOW_PRIVATE');
  });

  it('binds cookies to https where the public address is https', () => {
    expect(parseConfig({ TALLYSTICK_PUBLIC_URL: 'https://bill.example' }, '/').secure_cookies).toBe(true);
  });
});
