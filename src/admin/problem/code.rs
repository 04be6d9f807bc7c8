use http::StatusCode;

/// Why a request is not answered as asked, for programs: a row of the error table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Code {
    status: StatusCode,
    name: &'static str,
}

impl Code {
    pub(crate) const fn status(self) -> StatusCode {
        self.status
    }

    /// On the wire.
    pub(crate) const fn name(self) -> &'static str {
        self.name
    }
}

/// Each is a constant, and one of all.
macro_rules! codes {
    ($($code:ident = $status:ident $name:literal,)*) => {
        impl Code {
            $(pub(crate) const $code: Self = Self {
                status: StatusCode::$status,
                name: $name,
            };)*

            /// Every code there is.
            #[cfg(test)]
            pub(crate) const ALL: &[Self] = &[$(Self::$code),*];
        }
    };
}

codes! {
    INVALID_BODY = BAD_REQUEST "invalid_body",
    INVALID_HOST = BAD_REQUEST "invalid_host",
    INVALID_JSON = BAD_REQUEST "invalid_json",
    INVALID_QUERY = BAD_REQUEST "invalid_query",
    PLUGIN_REQUIRED = BAD_REQUEST "plugin_required",
    UNAUTHORIZED = UNAUTHORIZED "unauthorized",
    FORBIDDEN = FORBIDDEN "forbidden",
    NOT_FOUND = NOT_FOUND "not_found",
    OPERATION_NOT_FOUND = NOT_FOUND "operation_not_found",
    PLUGIN_NOT_FOUND = NOT_FOUND "plugin_not_found",
    VERSION_NOT_FOUND = NOT_FOUND "version_not_found",
    METHOD_NOT_ALLOWED = METHOD_NOT_ALLOWED "method_not_allowed",
    REQUEST_TIMEOUT = REQUEST_TIMEOUT "request_timeout",
    CANNOT_START_BESIDE = CONFLICT "cannot_start_beside",
    NOT_ON_TRIAL = CONFLICT "not_on_trial",
    NOT_REPLACEABLE = CONFLICT "not_replaceable",
    OPERATION_IN_PROGRESS = CONFLICT "operation_in_progress",
    PLUGIN_REQUIRED_BY = CONFLICT "plugin_required_by",
    STORE_CONFLICT = CONFLICT "store_conflict",
    TOO_MANY_LEFTOVERS = CONFLICT "too_many_leftovers",
    TRIAL_UNAVAILABLE = CONFLICT "trial_unavailable",
    VERSION_MISMATCH = PRECONDITION_FAILED "version_mismatch",
    BODY_TOO_LARGE = PAYLOAD_TOO_LARGE "body_too_large",
    UNSUPPORTED_MEDIA_TYPE = UNSUPPORTED_MEDIA_TYPE "unsupported_media_type",
    MISDIRECTED_HOST = MISDIRECTED_REQUEST "misdirected_host",
    CONFIG_BROKEN = UNPROCESSABLE_ENTITY "config_broken",
    CONFIG_REJECTED = UNPROCESSABLE_ENTITY "config_rejected",
    PRECONDITION_REQUIRED = PRECONDITION_REQUIRED "precondition_required",
    HISTORY_BROKEN = INTERNAL_SERVER_ERROR "history_broken",
    INTERNAL_ERROR = INTERNAL_SERVER_ERROR "internal_error",
    RELOAD_FAILED = INTERNAL_SERVER_ERROR "reload_failed",
    NOT_READY = SERVICE_UNAVAILABLE "not_ready",
    SHUTTING_DOWN = SERVICE_UNAVAILABLE "shutting_down",
    STORE_UNAVAILABLE = SERVICE_UNAVAILABLE "store_unavailable",
    START_TIMEOUT = GATEWAY_TIMEOUT "start_timeout",
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The statuses and the codes of each row of the table for users.
    fn rows() -> Vec<(Vec<u16>, Vec<&'static str>)> {
        let page = include_str!("../mod.rs");
        let lines = page.lines().map(|line| line.trim_start_matches("//!"));
        let table = lines.skip_while(|line| line.trim() != "| status | `code` |");
        let rows = table.skip(2).take_while(|line| line.starts_with(" |"));
        let row = |line: &'static str| {
            let (statuses, codes) = line.trim_matches([' ', '|']).split_once('|').unwrap();
            let statuses = statuses.split(',').map(|it| it.trim().parse().unwrap());
            // Each code is in backticks, and headers that come with it are not codes.
            let codes = codes.split('`').skip(1).step_by(2);
            let codes = codes.filter(|it| it.chars().all(|c| c.is_ascii_lowercase() || c == '_'));
            (statuses.collect(), codes.collect())
        };
        rows.map(row).collect()
    }

    #[test]
    fn table_for_users_has_every_code_with_its_status_and_no_other() {
        let rows = rows();
        assert!(rows.len() > 5, "{rows:?}");
        for code in Code::ALL {
            let (status, name) = (code.status().as_u16(), code.name());
            let is_row = |(statuses, codes): &&(Vec<u16>, Vec<&str>)| {
                statuses.contains(&status) && codes.contains(&name)
            };
            assert!(
                rows.iter().any(|row| is_row(&row)),
                "put `{name}` ({status}) into the table of src/admin/mod.rs"
            );
        }
        for (statuses, codes) in &rows {
            for name in codes {
                let mut known = Code::ALL.iter();
                assert!(
                    known.any(|code| {
                        code.name() == *name && statuses.contains(&code.status().as_u16())
                    }),
                    "nothing answers `{name}` with {statuses:?}"
                );
            }
            for status in statuses {
                let mut known = Code::ALL.iter();
                assert!(
                    known.any(|code| code.status().as_u16() == *status),
                    "{status}"
                );
            }
        }
    }

    #[test]
    fn no_code_has_two_statuses() {
        for (place, code) in Code::ALL.iter().enumerate() {
            let twice = Code::ALL[..place].iter().any(|it| it.name() == code.name());
            assert!(!twice, "{code:?}");
        }
    }
}
