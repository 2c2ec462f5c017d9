//! How requests are compressed. Owns the names.

/// How requests are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// gzip, which every receiver knows.
    Gzip,
    /// zstd: less CPU for less bytes; the Collector knows it.
    Zstd,
}

impl Compression {
    /// Reads a name as the OpenTelemetry specification has it, in any case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::None, Self::Gzip, Self::Zstd].into_iter().find(|c| c.name().eq_ignore_ascii_case(text.trim()))
    }

    /// As it is configured, and as it stands in `Content-Encoding`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}
