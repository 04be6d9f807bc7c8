use std::{
    net::SocketAddr,
    process::{ExitStatus, Output, Stdio},
    time::Duration,
};

use http::Method;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    sync::watch,
    time::timeout,
};

use crate::support::{Answer, Http};

/// How long anything may take that is not the point of a test.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The key server as a process of its own, on free ports, killed with this value.
pub(crate) struct Process {
    pub(crate) address: SocketAddr,
    pub(crate) admin_address: SocketAddr,
    pub(crate) http: Http,
    pub(crate) admin: Http,
    child: Child,
    log: watch::Receiver<Vec<String>>,
}

fn keyserver(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyserver"));
    command
        .args(arguments)
        .env_remove("RUST_LOG")
        .env_remove("KEYSERVER_ADMIN_TOKEN")
        .env_remove("KEYSERVER_ADMIN_TOKEN_FILE")
        .kill_on_drop(true);
    command
}

impl Process {
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    pub(crate) async fn with(arguments: &[&str]) -> Self {
        Self::with_variables(arguments, &[]).await
    }

    /// With variables in its environment.
    pub(crate) async fn with_variables(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut child = keyserver(&["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"])
            .args(arguments)
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap()).lines();
        let (said, log) = watch::channel(Vec::new());
        tokio::spawn(async move {
            while let Ok(Some(line)) = stderr.next_line().await {
                said.send_modify(|log: &mut Vec<String>| log.push(line));
            }
        });

        let mut stdout = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut announced = async |what: &str| -> SocketAddr {
            let line = timeout(PATIENCE, stdout.next_line()).await.unwrap();
            let line = line.unwrap().expect("the server has ended");
            let address = line.strip_prefix(what).expect(&line);
            address.parse().unwrap()
        };
        let address = announced("listening on http://").await;
        let admin_address = announced("admin on http://").await;
        Self {
            address,
            admin_address,
            http: Http::new(address),
            admin: Http::new(admin_address),
            child,
            log,
        }
    }

    /// Runs a server that is to end by itself.
    pub(crate) async fn output(arguments: &[&str]) -> Output {
        let output = keyserver(arguments).output();
        timeout(PATIENCE, output).await.unwrap().unwrap()
    }

    /// Waits until the server has logged `text` so many times.
    pub(crate) async fn says(&self, text: &str, times: usize) {
        let count = |log: &Vec<String>| log.iter().filter(|line| line.contains(text)).count();
        let mut log = self.log.clone();
        let said = timeout(PATIENCE, log.wait_for(|log| count(log) >= times)).await;
        let said = said.map(|open| drop(open.expect("the server has ended")));
        assert!(said.is_ok(), "{text:?} was not said: {:#?}", self.log());
    }

    /// All that the server has logged.
    pub(crate) fn log(&self) -> Vec<String> {
        self.log.borrow().clone()
    }

    pub(crate) async fn signal(&self, name: &str) {
        let pid = self.child.id().expect("the server has ended").to_string();
        let kill = Command::new("kill").args(["-s", name, &pid]).status().await;
        assert!(kill.unwrap().success());
    }

    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let ended = timeout(PATIENCE, self.child.wait()).await;
        ended.expect("the server goes on").unwrap()
    }

    pub(crate) async fn reload(&self, plugin: &str) -> Answer {
        self.post("reload", plugin).await
    }

    pub(crate) async fn post(&self, operation: &str, plugin: &str) -> Answer {
        let path = format!("/plugins/{operation}?plugin={plugin}");
        self.admin
            .send(Method::POST, &path, "", String::new())
            .await
    }

    pub(crate) async fn config(&self, plugin: &str) -> Answer {
        let path = format!("/plugins/config?plugin={plugin}");
        self.admin.get(&path).await.assert_ok()
    }

    /// Puts a config in force, or tries to.
    pub(crate) async fn try_configure(&self, plugin: &str, config: Value) -> Answer {
        let path = format!("/plugins/config?plugin={plugin}");
        let config = config.to_string();
        self.admin
            .send(Method::PUT, &path, "application/json", config)
            .await
    }

    pub(crate) async fn configure(&self, plugin: &str, config: Value) {
        self.try_configure(plugin, config).await.assert_ok();
    }

    /// What `/plugins/list` says of one plugin.
    pub(crate) async fn plugin(&self, name: &str) -> Value {
        let list = self.admin.get("/plugins/list").await.assert_ok().json();
        let plugins = list["plugins"].as_array().unwrap();
        plugins
            .iter()
            .find(|plugin| plugin["name"] == name)
            .unwrap()
            .clone()
    }
}
