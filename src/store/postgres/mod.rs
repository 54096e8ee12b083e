//! PostgreSQL behind the store: for several hubs on one database. Each has one writer, which commits groups of waiting
//! changes together and takes its turn at the logs that they touch.

mod roles;
pub(super) mod tables;

pub use roles::grants;

use super::StoreError;
use super::sql::failure::{refused, told_migration};
use super::sql::steps::{Step, migrator};
use super::sql::value::{Sql, Value};
use sqlx::postgres::{PgArguments, PgConnectOptions, PgSslMode};
use sqlx::query::Query;
use sqlx::{ConnectOptions, PgConnection, Postgres};
use std::path::{Path, PathBuf};
use std::{fmt, io};

/// Prepared statements kept for each connection.
const STATEMENTS: usize = 256;
/// What each session asks of the server. A hub that hangs or is cut off must not hold the others up: its transaction is
/// ended, and who waits for a lock tries again.
const SESSION: [(&str, &str); 6] = [
    ("idle_in_transaction_session_timeout", "30s"),
    ("lock_timeout", "20s"),
    ("tcp_keepalives_idle", "10"),
    ("tcp_keepalives_interval", "5"),
    ("tcp_keepalives_count", "3"),
    ("tcp_user_timeout", "30s"),
];
/// A server that answers before its disk does would break the promise of every acknowledgement.
const DURABLE: &str = "SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') = 'off'";

/// The steps to the tables of today.
pub(in crate::store) const STEPS: [Step; 7] = [
    ("init", include_str!("migrations/0001_init.sql")),
    ("sign in", include_str!("migrations/0002_sign_in.sql")),
    ("roster", include_str!("migrations/0003_roster.sql")),
    ("no case list", include_str!("migrations/0004_no_case_list.sql")),
    ("late match", include_str!("migrations/0005_late_match.sql")),
    ("cosignatures", include_str!("migrations/0006_cosignature.sql")),
    ("delivery left", include_str!("migrations/0007_delivery_left.sql")),
];
const BARE: &str = "INSERT INTO bare (key, body) SELECT * FROM unnest($1::bytea[], $2::bytea[])";

/// A PostgreSQL database.
#[derive(Clone, Debug)]
pub struct Server(Box<PgConnectOptions>);

/// Why a server cannot be used. Names no password.
#[derive(Debug)]
#[non_exhaustive]
pub enum ServerError {
    /// The settings name no file with an address.
    NoFile,
    /// The file with the address cannot be read.
    File(PathBuf, io::Error),
    /// It holds no address.
    Form(PathBuf),
    /// The way there is open to others.
    Open(PathBuf),
}

impl ServerError {
    /// What is wrong and how to mend it, in Japanese and in English.
    pub fn texts(&self) -> (String, String) {
        match self {
            ServerError::NoFile => (
                "store = \"postgres\" のときは接続先ファイルが必要です".to_owned(),
                "with store = \"postgres\" this must name the file with the address".to_owned(),
            ),
            ServerError::File(file, error) => {
                let file = file.display();
                (format!("{file} を読めません"), format!("{file} cannot be read: {}", error.kind()))
            }
            ServerError::Form(file) => {
                let file = file.display();
                (
                    format!("{file} に postgres://利用者:パスワード@ホスト/データベース の形で書いてください"),
                    format!("{file} must hold postgres://user:password@host/database"),
                )
            }
            ServerError::Open(file) => {
                let file = file.display();
                (
                    format!("{file} ネットワーク上のサーバーには sslmode=verify-full が必要です"),
                    format!("{file} a server on a network is reached with sslmode=verify-full alone"),
                )
            }
        }
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (ja, en) = self.texts();
        write!(f, "{en} / {ja}")
    }
}

impl std::error::Error for ServerError {}

/// How the address of a server begins.
const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];

impl Server {
    /// Reads the address from a file, which only the hub's user may read: it may hold a password.
    ///
    /// # Errors
    /// When there is no address in it, or one that leads over a network without checking whom it reaches (S-54).
    pub fn read(file: &Path) -> Result<Self, ServerError> {
        let text = std::fs::read_to_string(file).map_err(|error| ServerError::File(file.to_owned(), error))?;
        let form = || ServerError::Form(file.to_owned());
        // The parser does not look at the scheme.
        let ours = SCHEMES.iter().any(|scheme| text.trim().starts_with(scheme));
        let options: PgConnectOptions = text.trim().parse().ok().filter(|_| ours).ok_or_else(form)?;
        if !is_here(&options) && !matches!(options.get_ssl_mode(), PgSslMode::VerifyFull) {
            return Err(ServerError::Open(file.to_owned()));
        }
        Ok(Server(Box::new(options)))
    }

    /// How to connect.
    pub(super) fn options(&self) -> Box<PgConnectOptions> {
        let options = PgConnectOptions::clone(&self.0).options(SESSION).application_name("musubi");
        Box::new(options.statement_cache_capacity(STATEMENTS).disable_statement_logging())
    }
}

/// A socket or this very machine: nobody stands between.
fn is_here(options: &PgConnectOptions) -> bool {
    let host = options.get_host();
    let loopback = host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback());
    options.get_socket().is_some() || host.starts_with('/') || host == "localhost" || loopback
}

/// Brings the tables of a database up to date, and opens it.
pub(super) async fn open(options: &PgConnectOptions) -> Result<PgConnection, StoreError> {
    let mut connection = connect(options).await.map_err(|error| refused("open database", &error))?;
    migrate(&mut connection).await?;
    Ok(connection)
}

pub(super) async fn connect(options: &PgConnectOptions) -> Result<PgConnection, sqlx::Error> {
    let mut connection = options.connect().await?;
    sqlx::query(DURABLE).execute(&mut connection).await?;
    Ok(connection)
}

/// Brings the tables up to date; of several hubs that start at once, one does.
async fn migrate(connection: &mut PgConnection) -> Result<(), StoreError> {
    if !may_make_tables(connection).await? {
        return is_up_to_date(connection).await;
    }
    migrator(&STEPS).run_direct(None, connection, false).await.map_err(|error| told_migration(&error))
}

/// Writes rows of the bare table in one statement, which is a transaction by itself.
pub(super) async fn write_bare(on: &mut PgConnection, rows: (Vec<Vec<u8>>, Vec<Vec<u8>>)) -> Result<(), sqlx::Error> {
    let (keys, bodies) = rows;
    sqlx::query(BARE).bind(keys).bind(bodies).execute(on).await?;
    Ok(())
}

/// Is this the role that the tables belong to, or one that only works in them (S-54)?
async fn may_make_tables(connection: &mut PgConnection) -> Result<bool, StoreError> {
    let asked = sqlx::query_scalar("SELECT has_schema_privilege(current_schema(), 'CREATE')");
    asked.fetch_one(connection).await.map_err(|error| refused("migrate", &error))
}

async fn is_up_to_date(connection: &mut PgConnection) -> Result<(), StoreError> {
    let asked = sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations WHERE success");
    let found: Option<i64> = asked.fetch_one(connection).await.map_err(|error| refused("migrate", &error))?;
    if found.and_then(|found| usize::try_from(found).ok()) == Some(STEPS.len()) {
        return Ok(());
    }
    let code = "other tables than this program's, and a role that may not make them".to_owned();
    Err(StoreError::Unavailable { at: "migrate", code })
}

/// A statement with its values.
pub(super) fn query(sql: Sql) -> Query<'static, Postgres, PgArguments> {
    let Sql { statement, keys, values, .. } = sql;
    let query = sqlx::query(statement.postgres);
    let query = match keys {
        Some(list) => tables::bind_keys(query, list),
        None => query,
    };
    values.into_iter().fold(query, |query, value| match value {
        Value::Null => query.bind(None::<i64>),
        Value::Int(int) => query.bind(int),
        Value::Text(text) => query.bind(text),
        Value::Uuid(id) => query.bind(id),
        Value::Bytes(bytes) => query.bind(bytes),
    })
}
