import { Menu } from '@base-ui/react/menu';
import { Link, Outlet, useRouterState } from '@tanstack/react-router';
import { BookOpen, ChevronsUpDown, LogOut, Menu as MenuIcon, Moon, Search, Sun, SunMoon, X } from 'lucide-react';
import { useEffect, useMemo } from 'react';
import type { Session } from '../api/types.ts';
import { Badge } from './badge.tsx';
import { IconButton } from './button.tsx';
import { cx } from './cx.ts';
import { Dialog } from './dialog.tsx';
import { Kbd } from './kbd.tsx';
import { Logo } from './logo.tsx';
import { type Destination, destinationsFor, navigationFor } from './navigation.ts';
import { Palette } from './palette.tsx';
import { popupClass } from './popup.ts';
import { useOverlay, useShortcuts } from './shortcuts.ts';
import { type ThemeChoice, useTheme } from './theme.ts';

/** What stands around every page of someone signed in. */
export function Shell({ session, onSignOut }: { session: Session; onSignOut: () => void }) {
  const destinations = useMemo(() => destinationsFor(session.scopes), [session.scopes]);
  useShortcuts(destinations);
  const menu_open = useOverlay((state) => state.open === 'menu');
  const show = useOverlay((state) => state.show);
  const path = useRouterState({ select: (state) => state.location.pathname });
  // biome-ignore lint/correctness/useExhaustiveDependencies: arriving at another page closes the menu of narrow screens
  useEffect(() => show(null), [path, show]);
  return (
    <div className="lg:grid lg:grid-cols-[14rem_minmax(0,1fr)]">
      <a
        href="#content"
        className="fixed top-2 left-2 z-50 -translate-y-16 rounded-md bg-accent px-3 py-1.5 text-on-accent focus-visible:translate-y-0"
      >
        Skip to content
      </a>
      <header className="sticky top-0 z-30 flex h-12 items-center gap-2 border-b border-line bg-canvas px-3 lg:hidden">
        <IconButton
          label={menu_open ? 'Close menu' : 'Open menu'}
          aria-expanded={menu_open}
          onClick={() => show(menu_open ? null : 'menu')}
        >
          {menu_open ? <X size={17} aria-hidden="true" /> : <MenuIcon size={17} aria-hidden="true" />}
        </IconButton>
        <Logo />
        <span className="font-semibold">{session.tenant.name}</span>
        {session.tenant.mode === 'test' ? <Badge tone="warn">Test</Badge> : null}
      </header>
      <aside
        className={cx(
          'z-20 flex-col border-line bg-sunken lg:sticky lg:top-0 lg:flex lg:h-dvh lg:w-auto lg:border-r',
          menu_open ? 'fixed inset-x-0 top-12 bottom-0 flex overflow-y-auto' : 'hidden',
        )}
      >
        <Sidebar session={session} onSignOut={onSignOut} />
      </aside>
      <main id="content" tabIndex={-1} className="min-w-0 outline-none">
        <Outlet />
      </main>
      <Palette destinations={destinations} />
      <ShortcutList destinations={destinations} />
    </div>
  );
}

function Sidebar({ session, onSignOut }: { session: Session; onSignOut: () => void }) {
  const show = useOverlay((state) => state.show);
  return (
    <>
      <div className="hidden h-14 items-center gap-2.5 px-4 lg:flex">
        <Logo size={22} />
        <span className="line-clamp-2 min-w-0 flex-1 leading-[1.15] font-semibold" title={session.tenant.name}>
          {session.tenant.name}
        </span>
        {session.tenant.mode === 'test' ? <Badge tone="warn">Test</Badge> : null}
      </div>
      <div className="px-3 pt-3 lg:pt-0">
        <button
          type="button"
          onClick={() => show('palette')}
          className="flex h-8 w-full items-center gap-2 rounded-md border border-line bg-surface px-2 text-xs text-ink-3 shadow-card hover:text-ink"
        >
          <Search size={13} aria-hidden="true" />
          <span className="flex-1 text-left">Search</span>
          <Kbd>⌘K</Kbd>
        </button>
      </div>
      <nav aria-label="Main" className="flex-1 overflow-y-auto px-3 pt-2 pb-4">
        {navigationFor(session.scopes).map((group) => (
          <div key={group.title ?? 'top'} className="mt-3">
            {group.title ? <p className="px-2 pb-1 text-2xs font-medium text-ink-3">{group.title}</p> : null}
            <ul className="flex flex-col gap-px">
              {group.items.map((item) => (
                <li key={item.to}>
                  <Link
                    to={item.to}
                    activeOptions={{ exact: item.to === '/', includeSearch: false }}
                    className="group flex h-[30px] items-center gap-2.5 rounded-md px-2 text-ink-2 hover:bg-line/55 hover:text-ink focus-visible:-outline-offset-2 aria-[current=page]:bg-surface aria-[current=page]:font-medium aria-[current=page]:text-ink aria-[current=page]:shadow-card dark:aria-[current=page]:bg-raised"
                  >
                    <item.icon
                      size={15}
                      strokeWidth={1.75}
                      aria-hidden="true"
                      className="text-ink-3 group-aria-[current=page]:text-accent"
                    />
                    {item.label}
                  </Link>
                </li>
              ))}
            </ul>
          </div>
        ))}
      </nav>
      <div className="flex items-center gap-1 border-t border-line p-2">
        <Account session={session} onSignOut={onSignOut} />
        <ThemeToggle />
      </div>
    </>
  );
}

const itemClass =
  'flex h-8 cursor-default items-center gap-2.5 rounded px-2 text-sm outline-none select-none data-highlighted:bg-sunken';

function Account({ session, onSignOut }: { session: Session; onSignOut: () => void }) {
  const name = session.user.name || session.user.email;
  const show = useOverlay((state) => state.show);
  return (
    <Menu.Root>
      <Menu.Trigger
        aria-label={`Account of ${name}`}
        className="flex h-9 min-w-0 flex-1 items-center gap-2 rounded-md px-2 text-left hover:bg-line/55 focus-visible:-outline-offset-2"
      >
        <span
          aria-hidden="true"
          className="inline-flex size-6 shrink-0 items-center justify-center rounded-full bg-accent-soft text-2xs font-semibold text-accent"
        >
          {initials(name)}
        </span>
        <span className="min-w-0 flex-1 truncate text-xs font-medium">{name}</span>
        <ChevronsUpDown size={12} className="text-ink-3" aria-hidden="true" />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner side="top" align="start" sideOffset={6} className="z-50 outline-none">
          <Menu.Popup className={cx(popupClass, 'min-w-52 p-1')}>
            <div className="px-2 pt-1 pb-2 text-xs text-ink-3">{session.user.email}</div>
            <Menu.Item className={itemClass} render={<a href="/docs">Documentation of the API</a>}>
              <BookOpen size={14} aria-hidden="true" /> API reference
            </Menu.Item>
            <Menu.Item className={itemClass} onClick={() => show('shortcuts')}>
              <Kbd>?</Kbd> Keyboard shortcuts
            </Menu.Item>
            <Menu.Item className={itemClass} onClick={onSignOut}>
              <LogOut size={14} aria-hidden="true" /> Sign out
            </Menu.Item>
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}

const nextTheme: Record<ThemeChoice, ThemeChoice> = { system: 'light', light: 'dark', dark: 'system' };
const themeNames: Record<ThemeChoice, string> = { system: 'the system’s', light: 'light', dark: 'dark' };

function ThemeToggle() {
  const { choice, choose } = useTheme();
  const Icon = choice === 'system' ? SunMoon : choice === 'light' ? Sun : Moon;
  return (
    <IconButton
      label={`Theme: ${themeNames[choice]}. Change to ${themeNames[nextTheme[choice]]}`}
      onClick={() => choose(nextTheme[choice])}
    >
      <Icon size={15} aria-hidden="true" />
    </IconButton>
  );
}

function ShortcutList({ destinations }: { destinations: readonly Destination[] }) {
  const open = useOverlay((state) => state.open === 'shortcuts');
  const show = useOverlay((state) => state.show);
  return (
    <Dialog open={open} onClose={() => show(null)} title="Keyboard shortcuts">
      <dl className="grid grid-cols-[1fr_auto] gap-y-2 text-sm">
        <dt>Search and commands</dt>
        <dd className="flex gap-1">
          <Kbd>⌘</Kbd>
          <Kbd>K</Kbd>
        </dd>
        {destinations.map((one) => (
          <div key={one.to} className="contents">
            <dt>{one.label}</dt>
            <dd className="flex gap-1">
              <Kbd>g</Kbd>
              <Kbd>{one.key}</Kbd>
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}

function initials(name: string): string {
  const words = name.split(/[\s@.]+/).filter(Boolean);
  return `${words[0]?.charAt(0) ?? ''}${words[1]?.charAt(0) ?? ''}`.toUpperCase();
}
