/** Another process already serves this data folder. */
export class FolderInUseError extends Error {
  override readonly name = 'FolderInUseError';
}

/** The embedded server could not be set up or started; the message says what to do. */
export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError';
}
