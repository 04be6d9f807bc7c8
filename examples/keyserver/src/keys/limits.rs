use std::time::Duration;

/// How much one key server takes in: everything a stranger can make grow has a bound here.
///
/// # Examples
///
/// ```
/// use keyserver::keys::Limits;
///
/// let small = Limits { max_keys: 1_000, ..Limits::default() };
/// assert_eq!(small.max_user_ids, 100);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Certificates kept in memory; 100,000 unless told otherwise.
    pub max_keys: usize,
    /// Bytes of all certificates as they are served; 1 GiB unless told otherwise. In memory they
    /// take about twice that.
    pub max_total_bytes: usize,
    /// User ids on one certificate; 100 unless told otherwise.
    pub max_user_ids: usize,
    /// Bytes of one certificate as it is served, ASCII armor included; 256 KiB unless told
    /// otherwise.
    pub max_key_bytes: usize,
    /// Self-signatures verified for one submission; 500 unless told otherwise.
    pub max_signatures: usize,
    /// Time that checking one submission may take; 5 seconds unless told otherwise. A key can be
    /// made so that one signature costs some hundred milliseconds.
    pub max_check_time: Duration,
    /// Certificates in one answer; 100 unless told otherwise.
    pub max_results: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_keys: 100_000,
            max_total_bytes: 1024 * 1024 * 1024,
            max_user_ids: 100,
            max_key_bytes: 256 * 1024,
            max_signatures: 500,
            max_check_time: Duration::from_secs(5),
            max_results: 100,
        }
    }
}
