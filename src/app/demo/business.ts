/** The two businesses of the demo tenant: an electricity retailer, and a form builder that bills by what its forms do. */

export const skus = [
  { sku: 'energy', type: 'energy', unit: 'kWh', aggregation: 'sum' },
  { sku: 'energy-export', type: 'energy', unit: 'kWh', aggregation: 'sum' },
  { sku: 'form-hosting', type: 'hosting', unit: 'site', aggregation: 'max' },
  { sku: 'form-submission', type: 'object', unit: 'lead', aggregation: 'count' },
  { sku: 'email-validation', type: 'validation', unit: 'check', aggregation: 'sum' },
  { sku: 'sms-send', type: 'action', unit: 'message', aggregation: 'sum' },
  { sku: 'email-send', type: 'action', unit: 'message', aggregation: 'sum' },
  { sku: 'funnel-analytics', type: 'analytics', unit: 'event', aggregation: 'sum' },
] as const;

export const models = [
  { code: 'retail-energy', name: 'Retail electricity', currency: 'AUD' },
  { code: 'forms', name: 'Event forms', currency: 'AUD' },
] as const;

export interface DemoPlan {
  model: (typeof models)[number]['code'];
  name: string;
  tier: string;
  base_amount: string;
  prices: Record<string, Record<string, unknown>>;
}

export const plans: readonly DemoPlan[] = [
  {
    model: 'retail-energy',
    name: 'Home Solar',
    tier: 'residential',
    base_amount: '33.00',
    prices: {
      energy: {
        price: {
          model: 'graduated',
          tiers: [
            { up_to: '300', unit_amount: '0.2850' },
            { up_to: null, unit_amount: '0.3175' },
          ],
        },
      },
      'energy-export': { price: { model: 'unit', unit_amount: '-0.05' } },
    },
  },
  {
    model: 'retail-energy',
    name: 'Business Block',
    tier: 'business',
    base_amount: '75.00',
    prices: {
      energy: {
        price: {
          model: 'volume',
          tiers: [
            { up_to: '1000', unit_amount: '0.2710' },
            { up_to: '5000', unit_amount: '0.2490' },
            { up_to: null, unit_amount: '0.2280' },
          ],
        },
      },
    },
  },
  {
    model: 'forms',
    name: 'Starter',
    tier: 'starter',
    base_amount: '49.00',
    prices: {
      'form-submission': { included_qty: '500', overage_price: '0.08' },
      'email-validation': { included_qty: '500', overage_price: '0.01' },
      'email-send': { price: { model: 'package', package_size: '1000', package_amount: '2.50', included_quantity: '1000' } },
      'sms-send': { price: { model: 'unit', unit_amount: '0.085' } },
    },
  },
  {
    model: 'forms',
    name: 'Growth',
    tier: 'growth',
    base_amount: '299.00',
    prices: {
      'form-hosting': { price: { model: 'unit', unit_amount: '5.00', included_quantity: '3' } },
      'form-submission': {
        price: {
          model: 'graduated',
          included_quantity: '5000',
          tiers: [
            { up_to: '10000', unit_amount: '0.05' },
            { up_to: '50000', unit_amount: '0.035' },
            { up_to: null, unit_amount: '0.02' },
          ],
        },
      },
      'email-validation': { included_qty: '5000', overage_price: '0.006' },
      'sms-send': {
        price: {
          model: 'volume',
          tiers: [
            { up_to: '1000', unit_amount: '0.08' },
            { up_to: null, unit_amount: '0.068' },
          ],
        },
      },
      'email-send': { price: { model: 'package', package_size: '10000', package_amount: '18.00', included_quantity: '20000' } },
      'funnel-analytics': { price: { model: 'unit', unit_amount: '0.0004', minimum_amount: '10.00', maximum_amount: '150.00' } },
    },
  },
];

export const partners = [
  { slug: 'northshore-agency', legal_name: 'Northshore Agency Pty Ltd', partner_tier: 'gold' },
  { slug: 'harbour-digital', legal_name: 'Harbour Digital', partner_tier: 'silver' },
] as const;

export const commission_rates = [
  { partner_tier: 'gold', sku: 'form-submission', pct: '20' },
  { partner_tier: 'gold', sku: 'sms-send', pct: '12.5' },
  { partner_tier: 'gold', sku: 'email-send', pct: '12.5' },
  { partner_tier: 'silver', sku: 'form-submission', pct: '10' },
  { partner_tier: 'silver', sku: 'email-validation', pct: '7.5' },
] as const;

export interface DemoCustomer {
  slug: string;
  legal_name: string;
  plan: string;
  parent?: string;
  partner?: string;
  /** For the retailer: daily kWh taken, and the peak of a solar roof in kW. */
  energy?: { daily_kwh: number; solar_kw: number; meter: string };
  /** For the form builder: leads on an ordinary day. */
  leads?: number;
}

export const customers: readonly DemoCustomer[] = [
  {
    slug: 'okafor-home',
    legal_name: 'Adaeze Okafor',
    plan: 'Home Solar',
    energy: { daily_kwh: 18, solar_kw: 4.2, meter: '4102000101' },
  },
  {
    slug: 'lindqvist-home',
    legal_name: 'Erik Lindqvist',
    plan: 'Home Solar',
    energy: { daily_kwh: 11, solar_kw: 2.4, meter: '4102000102' },
  },
  {
    slug: 'nguyen-home',
    legal_name: 'Nguyen Thi Mai',
    plan: 'Home Solar',
    energy: { daily_kwh: 24, solar_kw: 6.6, meter: '4102000103' },
  },
  {
    slug: 'corner-bakery',
    legal_name: 'The Corner Bakery',
    plan: 'Business Block',
    energy: { daily_kwh: 92, solar_kw: 0, meter: '4102000104' },
  },
  {
    slug: 'coldstore',
    legal_name: 'Eastern Coldstore Ltd',
    plan: 'Business Block',
    energy: { daily_kwh: 240, solar_kw: 0, meter: '4102000105' },
  },
  { slug: 'meridian-group', legal_name: 'Meridian Events Group', plan: 'Growth', partner: 'northshore-agency', leads: 420 },
  {
    slug: 'meridian-expo',
    legal_name: 'Meridian Expo',
    plan: 'Growth',
    parent: 'meridian-group',
    partner: 'northshore-agency',
    leads: 260,
  },
  { slug: 'meridian-summits', legal_name: 'Meridian Summits', plan: 'Starter', parent: 'meridian-group', leads: 40 },
  { slug: 'fernwood-clinic', legal_name: 'Fernwood Clinic', plan: 'Starter', partner: 'harbour-digital', leads: 22 },
  { slug: 'bluegum-realty', legal_name: 'Bluegum Realty', plan: 'Growth', partner: 'harbour-digital', leads: 310 },
  { slug: 'harvest-festival', legal_name: 'Harvest Festival Association', plan: 'Starter', leads: 65 },
];
