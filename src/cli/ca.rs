//! `musubi ca`: make an authority, request and sign certificates, revoke them, publish the list.

use crate::ca::{
    Authority, CRL_DAYS, CaError, Entry, Environment, INVITATION_DAYS, Order, Reason, Serial, Subject, VALIDITY_DAYS,
    read_text, request, write_public, write_secret,
};
use crate::clock::Clock;
use crate::entropy;
use clap::{Args, Subcommand};
use musubi_core::agency::AgencyId;
use musubi_core::time::Time;
use std::io::{self, Write};
use std::path::PathBuf;

/// Certificates.
#[derive(Debug, Args)]
pub struct CaArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: CaCommand,
}

/// What to do with certificates.
#[derive(Debug, Subcommand)]
pub enum CaCommand {
    /// Make an authority in an empty folder (認証局を作る)
    Init {
        /// The authority.
        #[command(flatten)]
        folder: Folder,
        /// Which world it serves; a production hub refuses the development one
        #[arg(long, value_enum, default_value = "development")]
        environment: Environment,
    },
    /// On the agency's side: make a key and a request; the key stays here (鍵と証明書要求を作る)
    Request {
        /// For whom.
        #[command(flatten)]
        subject: Named,
        /// Where the private key goes (mode 0600, never overwritten)
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// Where the request goes
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Invite an agency: prints the token that it asks with once; tell it by another way than its request comes (招待の符号を出す)
    Invite {
        /// The authority.
        #[command(flatten)]
        folder: Folder,
        /// The agency's id
        #[arg(long, value_name = "ID", value_parser = |id: &str| AgencyId::new(id))]
        agency: AgencyId,
        /// Days until the token ends
        #[arg(long, default_value_t = INVITATION_DAYS)]
        days: u32,
    },
    /// Sign the request of an agency that was invited, made by `musubi connect request` (招待した機関の要求に署名する)
    Admit {
        /// The authority.
        #[command(flatten)]
        folder: Folder,
        /// The agency's id
        #[arg(long, value_name = "ID", value_parser = |id: &str| AgencyId::new(id))]
        agency: AgencyId,
        /// The request
        #[arg(value_name = "REQUEST")]
        request: PathBuf,
        /// Days of validity, at most 398
        #[arg(long, default_value_t = VALIDITY_DAYS)]
        days: u32,
        /// Where the certificate goes
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Sign a request for the subject that you name; it must name the same (証明書要求に署名する)
    Sign(Sign),
    /// Sign a request for a subject that holds a valid certificate (証明書を更新する)
    Renew(Sign),
    /// Revoke a certificate and publish the list (証明書を失効させる)
    Revoke {
        /// The authority.
        #[command(flatten)]
        folder: Folder,
        /// Its serial number
        serial: Serial,
        /// Why
        #[arg(long, value_enum)]
        reason: Reason,
        /// Who orders it: a staff id, not a name
        #[arg(long, value_name = "STAFF_ID")]
        by: String,
    },
    /// Publish the revocation list anew; do so before the old one ends (失効リストを発行する)
    Crl {
        /// The authority.
        #[command(flatten)]
        folder: Folder,
        /// Days until the next one
        #[arg(long, default_value_t = CRL_DAYS)]
        days: u32,
    },
    /// List what was issued (発行済みの証明書を表示する)
    Show {
        /// The authority.
        #[command(flatten)]
        folder: Folder,
    },
}

/// The authority's folder.
#[derive(Debug, Args)]
pub struct Folder {
    /// The authority's folder
    #[arg(long = "ca", value_name = "FOLDER", default_value = "musubi-data/ca")]
    pub folder: PathBuf,
}

/// Whom a certificate names.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Named {
    /// An agency's id, for example MED-4810700122
    #[arg(long, value_name = "ID", value_parser = |id: &str| AgencyId::new(id))]
    pub agency: Option<AgencyId>,
    /// The hub itself
    #[arg(long)]
    pub hub: bool,
}

/// A request to sign.
#[derive(Debug, Args)]
pub struct Sign {
    #[command(flatten)]
    folder: Folder,
    #[command(flatten)]
    subject: Named,
    /// The request
    #[arg(value_name = "REQUEST")]
    request: PathBuf,
    /// For a server: its DNS names and addresses. Without any the certificate is for calling
    #[arg(long, value_name = "NAME")]
    server_name: Vec<String>,
    /// Days of validity, at most 398
    #[arg(long, default_value_t = VALIDITY_DAYS)]
    days: u32,
    /// Where the certificate goes; otherwise to the standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Named {
    fn subject(&self) -> Subject {
        self.agency.clone().map_or(Subject::Hub, Subject::Agency)
    }
}

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum CaCommandError {
    /// The authority refused.
    #[error("{0}")]
    Refused(#[from] CaError),
    /// The answer could not be written.
    #[error("{0}")]
    Output(#[from] io::Error),
}

/// Runs it; what it prints goes to `out`.
pub fn run(args: &CaArgs, clock: &dyn Clock, out: &mut dyn Write) -> Result<(), CaCommandError> {
    let now = clock.now();
    match &args.command {
        CaCommand::Init { folder, environment } => {
            let authority = Authority::create(&folder.folder, *environment, now)?;
            writeln!(out, "{}", authority.certificate_path().display())?;
        }
        CaCommand::Request { subject, key, out: path } => {
            let made = request(&subject.subject())?;
            write_secret(key, &made.key_pem)?;
            write_public(path, &made.request_pem)?;
            writeln!(out, "{}", path.display())?;
        }
        CaCommand::Invite { folder, agency, days } => {
            let token = Authority::open(&folder.folder)?.invite(agency, *days, entropy::bytes(), now)?;
            writeln!(out, "{token}")?;
        }
        CaCommand::Admit { folder, agency, request, days, out: path } => {
            let authority = Authority::open(&folder.folder)?;
            let issued = authority.admit(agency, &read_text(request)?, *days, now)?;
            write_public(path, &issued.certificate_pem)?;
            print_entry(&issued.entry, now, out)?;
        }
        CaCommand::Sign(sign) => signed(sign, Authority::sign, now, out)?,
        CaCommand::Renew(sign) => signed(sign, Authority::renew, now, out)?,
        CaCommand::Revoke { folder, serial, reason, by } => {
            let entry = Authority::open(&folder.folder)?.revoke(serial, *reason, by, now)?;
            print_entry(&entry, now, out)?;
        }
        CaCommand::Crl { folder, days } => {
            let authority = Authority::open(&folder.folder)?;
            authority.publish_crl(*days, now)?;
            writeln!(out, "{}", authority.crl_path().display())?;
        }
        CaCommand::Show { folder } => {
            let authority = Authority::open(&folder.folder)?;
            writeln!(out, "{}", authority.environment().organization())?;
            authority.issued()?.iter().try_for_each(|entry| print_entry(entry, now, out))?;
        }
    }
    Ok(())
}

fn signed(
    sign: &Sign,
    how: fn(&Authority, &str, &Order, Time) -> Result<crate::ca::Issued, CaError>,
    now: Time,
    out: &mut dyn Write,
) -> Result<(), CaCommandError> {
    let authority = Authority::open(&sign.folder.folder)?;
    let subject = sign.subject.subject();
    let order = if sign.server_name.is_empty() {
        Order::client(subject, sign.days)
    } else {
        Order::server(subject, sign.server_name.clone(), sign.days)
    };
    let issued = how(&authority, &read_text(&sign.request)?, &order, now)?;
    match &sign.out {
        Some(path) => {
            write_public(path, &issued.certificate_pem)?;
            print_entry(&issued.entry, now, out)?;
        }
        None => write!(out, "{}", issued.certificate_pem)?,
    }
    Ok(())
}

/// `serial subject usage state until`: fields that a script can cut.
fn print_entry(entry: &Entry, now: Time, out: &mut dyn Write) -> io::Result<()> {
    let usage = match entry.usage {
        crate::ca::Usage::Client => "client",
        crate::ca::Usage::Server => "server",
    };
    let state = match &entry.revoked {
        Some(_) => "revoked",
        None if entry.is_valid(now) => "valid",
        None => "expired",
    };
    writeln!(out, "{} {} {usage} {state} {}", entry.serial, entry.subject, entry.valid_until.day())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;
    use crate::clock::SystemClock;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        ca: CaArgs,
    }

    fn musubi_ca(line: &str) -> Result<String, String> {
        let line = Line::try_parse_from(std::iter::once("ca").chain(line.split(' '))).map_err(|e| e.to_string())?;
        let mut out = Vec::new();
        run(&line.ca, &SystemClock, &mut out).map_err(|e| e.to_string())?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn an_agency_gets_renews_and_loses_its_certificate_by_commands() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        let ca = at("ca");
        musubi_ca(&format!("init --ca {ca} --environment production")).unwrap();
        assert!(musubi_ca(&format!("init --ca {ca}")).unwrap_err().starts_with("CA02"));
        let request = |n: u8| {
            let line = format!("request --agency MED-1 --key {} --out {}", at(&format!("{n}.key")), at("r.csr"));
            musubi_ca(&line)
        };
        request(1).unwrap();
        assert!(request(1).unwrap_err().starts_with("CA01"), "a key is never overwritten");
        let sign = |how: &str, id: &str| musubi_ca(&format!("{how} --ca {ca} --agency {id} {}", at("r.csr")));
        assert!(sign("renew", "MED-1").unwrap_err().starts_with("CA12"));
        assert!(sign("sign", "MED-2").unwrap_err().starts_with("CA06"));
        assert!(sign("sign", "MED-1").unwrap().starts_with("-----BEGIN CERTIFICATE-----"));
        request(2).unwrap();
        sign("renew", "MED-1").unwrap();
        let shown = musubi_ca(&format!("show --ca {ca}")).unwrap();
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines.len(), 3);
        assert!(lines[1].contains("urn:musubi:agency:MED-1 client valid"));
        let serial = lines[1].split(' ').next().unwrap();
        let revoke = format!("revoke --ca {ca} {serial} --reason superseded --by officer-7");
        assert!(musubi_ca(&revoke).unwrap().contains("revoked"));
        assert!(musubi_ca(&revoke).unwrap_err().starts_with("CA11"));
        assert!(musubi_ca(&format!("crl --ca {ca} --days 3")).unwrap().trim_end().ends_with("crl.pem"));
    }

    #[test]
    fn a_certificate_names_an_agency_or_the_hub_and_not_both() {
        assert!(musubi_ca("request --key k --out o").is_err());
        assert!(musubi_ca("request --hub --agency MED-1 --key k --out o").is_err());
        assert!(musubi_ca("request --agency MED_1 --key k --out o").is_err());
    }
}
