// Runs before the first paint, so that a dark page never flashes white. A file of its own because the
// content security policy refuses inline scripts. Kept in step with src/ui/theme.ts.
(() => {
  let choice = 'system';
  try {
    choice = JSON.parse(localStorage.getItem('tallystick.theme') ?? '{}').state?.choice ?? 'system';
  } catch (error) {
    console.warn('The stored theme could not be read; following the system.', error);
  }
  const dark = choice === 'dark' || (choice !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
})();
