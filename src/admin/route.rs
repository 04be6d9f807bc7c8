use http::Method;

/// What is asked for, by method and path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint {
    Status,
    List,
    Health,
    Reload,
    ReloadAll,
    Enable,
    Disable,
    Promote,
    Abort,
    Rollback,
    History,
    Diff,
    ReadConfig,
    ReplaceConfig,
    PatchConfig,
    Schema,
    Requests,
    Operations,
    Operation,
    Livez,
    Readyz,
}

/// Where a request leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    Endpoint(Endpoint),
    /// There is the path, but not for this method: these are allowed.
    OtherMethod(&'static [Method]),
    Nothing,
}

struct Route {
    path: &'static str,
    /// `HEAD` goes where `GET` does, and is listed for `Allow`.
    methods: &'static [Method],
    endpoints: &'static [Endpoint],
}

impl Route {
    fn is_for(&self, path: &str) -> bool {
        match self.path.strip_suffix("{id}") {
            None => self.path == path,
            Some(start) => path
                .strip_prefix(start)
                .is_some_and(|id| !id.is_empty() && !id.contains('/')),
        }
    }
}

const fn get(path: &'static str, endpoints: &'static [Endpoint; 1]) -> Route {
    let methods = &[Method::GET, Method::HEAD];
    Route {
        path,
        methods,
        endpoints,
    }
}

const fn post(path: &'static str, endpoints: &'static [Endpoint; 1]) -> Route {
    let methods = &[Method::POST];
    Route {
        path,
        methods,
        endpoints,
    }
}

static ROUTES: [Route; 19] = [
    get("/plugins/status", &[Endpoint::Status]),
    get("/plugins/list", &[Endpoint::List]),
    get("/plugins/health", &[Endpoint::Health]),
    post("/plugins/reload", &[Endpoint::Reload]),
    post("/plugins/reload-all", &[Endpoint::ReloadAll]),
    post("/plugins/enable", &[Endpoint::Enable]),
    post("/plugins/disable", &[Endpoint::Disable]),
    post("/plugins/promote", &[Endpoint::Promote]),
    post("/plugins/abort", &[Endpoint::Abort]),
    post("/plugins/rollback", &[Endpoint::Rollback]),
    get("/plugins/history", &[Endpoint::History]),
    get("/plugins/diff", &[Endpoint::Diff]),
    Route {
        path: "/plugins/config",
        methods: &[Method::GET, Method::PUT, Method::PATCH, Method::HEAD],
        endpoints: &[
            Endpoint::ReadConfig,
            Endpoint::ReplaceConfig,
            Endpoint::PatchConfig,
        ],
    },
    get("/plugins/schema", &[Endpoint::Schema]),
    get("/plugins/requests", &[Endpoint::Requests]),
    get("/plugins/operations", &[Endpoint::Operations]),
    get("/plugins/operations/{id}", &[Endpoint::Operation]),
    get("/livez", &[Endpoint::Livez]),
    get("/readyz", &[Endpoint::Readyz]),
];

/// The route table. A path is matched as it was sent: nothing is decoded, merged or resolved, so
/// that whoever guards a path guards what is served under it.
pub(super) fn find(method: &Method, path: &str) -> Found {
    let Some(route) = ROUTES.iter().find(|route| route.is_for(path)) else {
        return Found::Nothing;
    };
    let method = if method == Method::HEAD {
        &Method::GET
    } else {
        method
    };
    let endpoints = route.methods.iter().zip(route.endpoints);
    let mut found = endpoints.filter(|(allowed, _)| *allowed == method);
    found
        .next()
        .map_or(Found::OtherMethod(route.methods), |(_, endpoint)| {
            Found::Endpoint(*endpoint)
        })
}

/// Every endpoint's method and path.
pub(super) fn all() -> impl Iterator<Item = (Method, &'static str)> {
    ROUTES.iter().flat_map(|route| {
        let methods = route.methods.iter().cloned();
        methods.map(|method| (method, route.path))
    })
}

/// Whether a path is one of the probes, which are answered to anybody.
pub(super) fn is_probe(path: &str) -> bool {
    matches!(path, "/livez" | "/readyz")
}

#[cfg(test)]
mod tests {
    use super::*;

    const METHODS: [Method; 9] = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
        Method::TRACE,
        Method::CONNECT,
    ];

    /// The endpoints of a path, by method.
    fn expected(path: &str) -> Vec<(Method, Endpoint)> {
        use Endpoint as E;
        let get = |endpoint| vec![(Method::GET, endpoint), (Method::HEAD, endpoint)];
        let post = |endpoint| vec![(Method::POST, endpoint)];
        match path {
            "/plugins/status" => get(E::Status),
            "/plugins/list" => get(E::List),
            "/plugins/health" => get(E::Health),
            "/plugins/schema" => get(E::Schema),
            "/plugins/history" => get(E::History),
            "/plugins/diff" => get(E::Diff),
            "/plugins/rollback" => post(E::Rollback),
            "/plugins/requests" => get(E::Requests),
            "/plugins/operations" => get(E::Operations),
            "/plugins/operations/{id}" => get(E::Operation),
            "/livez" => get(E::Livez),
            "/readyz" => get(E::Readyz),
            "/plugins/reload" => post(E::Reload),
            "/plugins/reload-all" => post(E::ReloadAll),
            "/plugins/enable" => post(E::Enable),
            "/plugins/disable" => post(E::Disable),
            "/plugins/promote" => post(E::Promote),
            "/plugins/abort" => post(E::Abort),
            "/plugins/config" => {
                let mut config = get(E::ReadConfig);
                config.push((Method::PUT, E::ReplaceConfig));
                config.push((Method::PATCH, E::PatchConfig));
                config
            }
            other => panic!("{other} is in the table but not in this test"),
        }
    }

    #[test]
    fn every_path_answers_its_methods_and_names_them_to_all_others() {
        for route in &ROUTES {
            let expected = expected(route.path);
            for method in METHODS {
                let endpoint = expected.iter().find(|(known, _)| *known == method);
                match find(&method, route.path) {
                    Found::Endpoint(found) => {
                        assert_eq!(endpoint, Some(&(method, found)), "{}", route.path);
                    }
                    Found::OtherMethod(allowed) => {
                        assert_eq!(endpoint, None, "{method} {}", route.path);
                        assert_eq!(allowed.len(), expected.len());
                        for (method, _) in &expected {
                            assert!(allowed.contains(method), "{method} {}", route.path);
                        }
                    }
                    Found::Nothing => panic!("{} is not found", route.path),
                }
            }
        }
    }

    #[test]
    fn path_that_is_not_spelt_exactly_is_not_found() {
        for path in [
            "",
            "/",
            "*",
            "/plugins",
            "/plugins/list/",
            "//plugins/list",
            "/plugins//list",
            "/Plugins/list",
            "/plugins/%6cist",
            "/metrics/../plugins/config",
            "/plugins/%2e%2e/plugins/config",
            "/plugins/./list",
            "/plugins/list;a=b",
            "/plugins/operations/",
            "/plugins/operations/1/2",
        ] {
            assert_eq!(find(&Method::GET, path), Found::Nothing, "{path}");
        }
    }

    #[test]
    fn probes_are_routes() {
        for route in &ROUTES {
            let endpoint = route.endpoints[0];
            let probe = matches!(endpoint, Endpoint::Livez | Endpoint::Readyz);
            assert_eq!(is_probe(route.path), probe, "{}", route.path);
        }
    }
}
