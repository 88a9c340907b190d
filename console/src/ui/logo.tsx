/** The split stick: two halves whose notches meet. */
export function Logo({ size = 20 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" className="shrink-0">
      <path
        d="M2 6.2c0-.9.7-1.7 1.700-1.700h2.500L7.400 9h.9l1.200-4.500h2.200L12.900 9h.9L15 4.500h2.200L18.400 9h.9l1.100-4.500c.9 0 1.600.8 1.600 1.700v5H2z"
        className="fill-accent"
      />
      <path
        d="M2 12.800h20v5c0 .9-.7 1.700-1.600 1.700L19.300 15h-.9l-1.200 4.500H15L13.800 15h-.9l-1.200 4.500H9.500L8.300 15h-.9l-1.200 4.500H3.700c-1 0-1.700-.8-1.700-1.700z"
        className="fill-accent opacity-55"
      />
    </svg>
  );
}
