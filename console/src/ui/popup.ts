/** What floats: menus, lists, pickers. */
export const popupClass =
  'rounded-lg bg-raised text-ink shadow-high outline-none origin-(--transform-origin) transition-[scale,opacity] duration-100 ' +
  'data-starting-style:scale-[0.98] data-starting-style:opacity-0 data-ending-style:scale-[0.98] data-ending-style:opacity-0';
