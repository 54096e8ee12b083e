//! A PostgreSQL server of its own for each test binary: made in a temporary folder, reached by a socket, gone with the
//! process. Where no binaries are installed, tests that need it are skipped, and say so.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Folder with `initdb` and `postgres`, where they are not in one of the usual places.
const BINARIES: &str = "MUSUBI_PG_BIN";
/// Set where a server must be there: then its absence is a failure.
const REQUIRED: &str = "MUSUBI_REQUIRE_POSTGRES";
/// Name of the superuser.
const USER: &str = "postgres";
/// Looks at a server that starts, and between two of them.
const LOOKS_MAX: u32 = 600;
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Starts the server and stops it by a signal as it is told, and ends it when standard input is closed: with this process,
/// however that ends.
const KEEPER: &str = r#"
while read -r order; do
    case "$order" in
    begin)
        "$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= -c fsync=off -c full_page_writes=off \
            -c shared_buffers=32MB -c log_min_messages=fatal -c max_connections=300 >> "$2/log" 2>&1 &
        server=$! ;;
    *)
        kill "-$order" "$server"
        wait "$server" ;;
    esac
done
kill -QUIT "$server"
wait "$server"
rm -rf "$2"
"#;

/// A server that runs while the process does.
pub(crate) struct Postgres {
    pub(crate) folder: PathBuf,
    pub(crate) binaries: PathBuf,
    databases: AtomicU32,
    keeper: Child,
}

impl Postgres {
    /// Starts one. `None` where nothing is installed; the reason is printed.
    ///
    /// # Panics
    /// When a server must be there and is not, or does not start.
    pub(crate) fn start() -> Option<Self> {
        let Some(binaries) = binaries() else {
            let why =
                format!("no PostgreSQL binaries (initdb, postgres): install Debian's `postgresql` or set {BINARIES}");
            assert!(std::env::var_os(REQUIRED).is_none(), "{why}");
            writeln!(io::stderr(), "SKIPPED: {why}").ok();
            return None;
        };
        let server = Postgres::in_new_folder(binaries);
        Some(server.unwrap_or_else(|error| panic!("PostgreSQL does not start: {error}")))
    }

    fn in_new_folder(binaries: PathBuf) -> io::Result<Self> {
        // In the system's own folder: another user must reach it, and the path of a socket is short.
        let folder = tempfile::Builder::new().prefix("musubi-pg-").tempdir()?.keep();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))?;
        let user = unprivileged();
        if let Some((uid, gid)) = user {
            chown(&folder, Some(uid), Some(gid))?;
        }
        let run = |command: &mut Command| {
            if let Some((uid, gid)) = user {
                command.uid(uid).gid(gid);
            }
            command.current_dir("/").env_clear().env("PATH", "/usr/bin:/bin").spawn()
        };
        let mut made = Command::new(binaries.join("initdb"));
        made.arg("-D").arg(folder.join("data")).args([
            "-A",
            "trust",
            "-U",
            USER,
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
        ]);
        if !run(made.stdout(Stdio::null()))?.wait()?.success() {
            return Err(io::Error::other("initdb failed"));
        }
        let mut keeper = Command::new("/bin/sh");
        keeper.args(["-c", KEEPER, "keeper"]).arg(&binaries).arg(&folder).stdin(Stdio::piped());
        let keeper = run(keeper.stdout(Stdio::null()))?;
        let server = Postgres { folder, binaries, databases: AtomicU32::new(0), keeper };
        server.order("begin")?;
        if server.comes(true) {
            return Ok(server);
        }
        Err(io::Error::other(fs::read_to_string(server.folder.join("log")).unwrap_or_default()))
    }

    /// Tells its keeper `begin`, or the signal by which it is to end.
    pub(crate) fn order(&self, order: &str) -> io::Result<()> {
        let mut orders = self.keeper.stdin.as_ref().ok_or(io::ErrorKind::BrokenPipe)?;
        writeln!(orders, "{order}")
    }

    /// Does it answer before long, or no longer?
    pub(crate) fn comes(&self, answering: bool) -> bool {
        (0..LOOKS_MAX).any(|_| {
            let so = self.answers() == answering;
            if !so {
                std::thread::sleep(LOOK_EVERY);
            }
            so
        })
    }

    /// A new database. Returns its name.
    ///
    /// # Panics
    /// When the server does not make it.
    pub(crate) fn database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        assert!(self.ask("postgres", &format!("CREATE DATABASE {name}")), "no database was made");
        name
    }

    /// The address of a database, as a configuration names it.
    pub(crate) fn url(&self, database: &str) -> String {
        let socket = self.folder.display().to_string().replace('/', "%2F");
        format!("postgres://{USER}@{socket}/{database}")
    }

    fn answers(&self) -> bool {
        self.ask("postgres", "SELECT 1")
    }

    /// Carries a statement out as the superuser. Did it succeed?
    pub(crate) fn ask(&self, database: &str, statement: &str) -> bool {
        let mut client = Command::new(self.binaries.join("psql"));
        client.args(["-X", "-q", "-U", USER, "-d", database, "-c", statement, "-h"]).arg(&self.folder);
        client.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    }
}

/// Where `initdb` and `postgres` are, links resolved: a folder of links may lack what lies beside the real files.
fn binaries() -> Option<PathBuf> {
    let whole = |folder: &PathBuf| ["initdb", "postgres", "psql"].iter().all(|name| folder.join(name).is_file());
    let set = std::env::var_os(BINARIES).map(PathBuf::from);
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path());
    let mut versions: Vec<PathBuf> = versions.collect();
    versions.sort_by_key(|path| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok()));
    let packaged = versions.into_iter().rev().map(|version| version.join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let linked = std::env::split_paths(&path)
        .filter_map(|folder| folder.join("postgres").canonicalize().ok()?.parent().map(Path::to_owned));
    set.into_iter().chain(packaged).chain(linked.collect::<Vec<_>>()).find(whole)
}

/// PostgreSQL refuses to run as root: then another user's ids, of `postgres` or `nobody`.
fn unprivileged() -> Option<(u32, u32)> {
    if fs::metadata("/proc/self").ok()?.uid() != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").ok()?;
    let ids = |name: &str| {
        let line = users.lines().find(|line| line.starts_with(&format!("{name}:")))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    ids("postgres").or_else(|| ids("nobody"))
}
