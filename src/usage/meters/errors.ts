import { defineErrors } from '../../kernel/errors.ts';

export const errors = defineErrors({
  site_not_found: { status: 404, title: 'Unknown site' },
  occupancy_not_found: { status: 404, title: 'Unknown occupancy' },
  occupancy_overlaps: { status: 409, title: 'The site is occupied during part of this time' },
  occupancy_ends_before_start: { status: 422, title: 'An occupancy ends after it starts' },
  meter_not_found: { status: 404, title: 'Unknown meter' },
  meter_identifier_taken: { status: 409, title: 'Another meter has this identifier' },
  register_unknown: { status: 422, title: 'The meter has no such register' },
  register_repeated: { status: 422, title: 'A register is listed twice' },
  unit_mismatch: { status: 422, title: 'The unit cannot become the unit of the SKU' },
  reading_exists: { status: 409, title: 'The register was read at this time already' },
  reading_out_of_order: { status: 409, title: 'The register was read later already' },
  reading_below_previous: { status: 422, title: 'A register counts up' },
  reading_in_future: { status: 422, title: 'A reading is not in the future' },
  reading_without_occupant: { status: 422, title: 'Nobody occupied the site when the usage began' },
  reading_refused: { status: 422, title: 'The usage of a reading was refused' },
  import_not_found: { status: 404, title: 'Unknown import' },
  import_file_missing: { status: 422, title: 'A file is missing' },
  import_file_empty: { status: 422, title: 'The file is empty' },
  import_file_too_large: { status: 413, title: 'The file is larger than an import takes' },
  import_field_invalid: { status: 422, title: 'A field of the import is not usable' },
  csv_mapping_not_found: { status: 404, title: 'Unknown CSV mapping' },
  csv_mapping_name_taken: { status: 409, title: 'Another CSV mapping has this name' },
  csv_mapping_invalid: { status: 422, title: 'The CSV mapping cannot be used' },
  staff_only: { status: 403, title: 'Only the tenant itself may do this' },
  import_not_multipart: { status: 415, title: 'An import is sent as multipart/form-data' },
});

/** What the database says by the name of a constraint, as this room's errors. */
export const constraints = {
  occupancy_overlaps: errors.occupancy_overlaps,
  occupancy_ends_after_start: errors.occupancy_ends_before_start,
  csv_mapping_name: errors.csv_mapping_name_taken,
  meter_identifier: errors.meter_identifier_taken,
  meter_reading_once: errors.reading_exists,
};
