use std::{
    env, fs,
    io::{self, Write},
    process::{Command as Blocking, Output, Stdio},
    time::Duration,
};

use tempfile::TempDir;
use tokio::{process::Command, time::timeout};

use crate::process::Process;

const PATIENCE: Duration = Duration::from_secs(120);

/// A keyring of its own, with the agents that GnuPG starts for it; both gone with this value.
struct Gnupg {
    home: TempDir,
    keyserver: String,
}

impl Gnupg {
    /// Under `/tmp`, because the path of an agent's socket must be short.
    fn new(server: &Process) -> Self {
        let home = tempfile::Builder::new()
            .prefix("gpg")
            .tempdir_in("/tmp")
            .unwrap();
        fs::write(home.path().join("dirmngr.conf"), "no-use-tor\n").unwrap();
        Self {
            home,
            keyserver: format!("hkp://{}", server.address),
        }
    }

    async fn try_run(&self, arguments: &[&str]) -> Output {
        let output = Command::new("gpg")
            .args([
                "--batch",
                "--no-tty",
                "--passphrase",
                "",
                "--pinentry-mode",
                "loopback",
            ])
            .args(["--keyserver", &self.keyserver])
            .args(arguments)
            .env("GNUPGHOME", self.home.path())
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        timeout(PATIENCE, output).await.unwrap().unwrap()
    }

    /// What gpg printed; it must have succeeded.
    #[track_caller]
    fn run(&self, arguments: &[&str]) -> impl Future<Output = Vec<u8>> {
        let caller = std::panic::Location::caller();
        async move {
            let Output {
                status,
                stdout,
                stderr,
            } = self.try_run(arguments).await;
            let stderr = String::from_utf8_lossy(&stderr);
            assert!(
                status.success(),
                "{caller}: gpg {arguments:?}: {status}\n{stderr}"
            );
            stdout
        }
    }

    async fn text(&self, arguments: &[&str]) -> String {
        String::from_utf8(self.run(arguments).await).unwrap()
    }

    /// The fingerprint of a new key, with a subkey for encrypting and one for signing.
    async fn generate(&self, user_id: &str, signing: &str, encrypting: &str) -> String {
        self.run(&["--quick-gen-key", user_id, signing, "default", "1y"])
            .await;
        let exact = format!("={user_id}");
        let listing = self.text(&["--with-colons", "--list-keys", &exact]).await;
        let line = listing
            .lines()
            .find(|line| line.starts_with("fpr:"))
            .unwrap();
        let fingerprint = line.split(':').nth(9).unwrap().to_owned();
        self.run(&["--quick-add-key", &fingerprint, encrypting, "encrypt"])
            .await;
        self.run(&["--quick-add-key", &fingerprint, signing, "sign"])
            .await;
        fingerprint
    }
}

impl Drop for Gnupg {
    fn drop(&mut self) {
        let _ = Blocking::new("gpgconf")
            .args(["--kill", "all"])
            .env("GNUPGHOME", self.home.path())
            .status();
    }
}

/// Whether GnuPG is here. Where it is not, says so past the capture of the test's output, and
/// fails in CI.
fn is_installed() -> bool {
    let missing = ["gpg", "dirmngr", "gpgconf"].into_iter().find(|program| {
        let version = Blocking::new(program).arg("--version").output();
        !version.is_ok_and(|output| output.status.success())
    });
    let Some(missing) = missing else { return true };
    let said = format!("{missing} is missing: install the packages gnupg and dirmngr");
    assert!(env::var_os("CI").is_none(), "{said}");
    let mut stderr = io::stderr();
    stderr
        .write_all(format!("\nSKIPPED a test with GnuPG: {said}\n").as_bytes())
        .unwrap();
    false
}

async fn key_travels_from_one_keyring_to_another(signing: &str, encrypting: &str) {
    if !is_installed() {
        return;
    }
    let server = Process::start().await;
    let (alice, bob) = (Gnupg::new(&server), Gnupg::new(&server));
    let fingerprint = alice
        .generate("Alice Example <alice@example.org>", signing, encrypting)
        .await;

    alice.run(&["--send-keys", &fingerprint]).await;
    assert!(bob.run(&["--export"]).await.is_empty());
    bob.run(&["--recv-keys", &fingerprint]).await;
    let sent = alice.run(&["--export", &fingerprint]).await;
    let received = bob.run(&["--export", &fingerprint]).await;
    assert!(
        !sent.is_empty() && sent == received,
        "the key changed on its way"
    );
    assert_eq!(server.http.stats().await.keys, 1);

    let found = alice
        .text(&["--with-colons", "--search-keys", "alice@example.org"])
        .await;
    assert!(found.contains(&format!("pub:{fingerprint}:")), "{found}");
    assert!(
        found.contains("uid:Alice Example <alice@example.org>:"),
        "{found}"
    );
}

#[tokio::test]
async fn rsa_key_travels_from_one_keyring_to_another() {
    key_travels_from_one_keyring_to_another("rsa2048", "rsa2048").await;
}

#[tokio::test]
async fn ed25519_key_travels_from_one_keyring_to_another() {
    key_travels_from_one_keyring_to_another("ed25519", "cv25519").await;
}

#[tokio::test]
async fn refreshing_brings_new_user_ids_and_revocations() {
    if !is_installed() {
        return;
    }
    let server = Process::start().await;
    let (alice, bob) = (Gnupg::new(&server), Gnupg::new(&server));
    let fingerprint = alice
        .generate("Alice <alice@example.org>", "ed25519", "cv25519")
        .await;
    alice.run(&["--send-keys", &fingerprint]).await;
    bob.run(&["--recv-keys", &fingerprint]).await;

    alice
        .run(&["--quick-add-uid", &fingerprint, "Alice <alice@example.com>"])
        .await;
    alice
        .run(&[
            "--quick-revoke-uid",
            &fingerprint,
            "Alice <alice@example.org>",
        ])
        .await;
    alice.run(&["--send-keys", &fingerprint]).await;
    bob.run(&["--refresh-keys"]).await;

    let listing = bob
        .text(&["--with-colons", "--list-keys", &fingerprint])
        .await;
    let user_id = |text: &str| listing.lines().find(|line| line.contains(text)).unwrap();
    assert!(
        !user_id("alice@example.com").starts_with("uid:r:"),
        "{listing}"
    );
    assert!(
        user_id("alice@example.org").starts_with("uid:r:"),
        "{listing}"
    );
    assert_eq!(server.http.stats().await.updated, 1);
}

#[tokio::test]
async fn key_nobody_sent_is_not_received() {
    if !is_installed() {
        return;
    }
    let server = Process::start().await;
    let bob = Gnupg::new(&server);
    let output = bob
        .try_run(&["--recv-keys", "0123456789ABCDEF0123456789ABCDEF01234567"])
        .await;
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("No data"), "{said}");
}
