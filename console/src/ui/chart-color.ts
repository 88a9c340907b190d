/** The colour of the nth series, or of whatever else is told apart; after the sixth they come round again. */
export const chartColor = (index: number): string => `var(--chart-${(index % 6) + 1})`;
