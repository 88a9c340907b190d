/** The split stick: two halves whose notches meet. */
export function Logo({ size = 20 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" className="shrink-0">
      <path
        d="M2 6.2c0-.9.7-1.7 1.7-1.7h2.5L7.4 9h.9l1.2-4.5h2.2L12.9 9h.9L15 4.5h2.2L18.4 9h.9l1.1-4.5c.9 0 1.6.8 1.6 1.7v5H2z"
        className="fill-accent"
      />
      <path
        d="M2 12.8h20v5c0 .9-.7 1.7-1.6 1.7L19.3 15h-.9l-1.2 4.5H15L13.8 15h-.9l-1.2 4.5H9.5L8.3 15h-.9l-1.2 4.5H3.7c-1 0-1.7-.8-1.7-1.7z"
        className="fill-accent opacity-55"
      />
    </svg>
  );
}
