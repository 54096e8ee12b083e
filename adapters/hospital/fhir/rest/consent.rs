//! A Consent of FHIR as a permit or an objection (`formats/hospital.md` 4.8).
//!
//! The record of consents has no exceptions: what a nested provision takes away is taken out of the permit. What is not
//! understood closes: it takes nothing away from a denial, and leaves nothing of a permit.

use super::Form;
use crate::digest::sha256_hex;
use crate::hospital::attachment;
use crate::hospital::fhir::datatypes::{CATEGORY, KIND, PURPOSE};
use crate::hospital::fhir::read::{agency, is_own_id, issuer_named};
use crate::hospital::numbers;
use crate::json::{Node, Tree};
use musubi_core::adapter::{Diagnostic, Profile};
use musubi_core::agency::{AgencyId, AgencyKind, Category, CategorySet, Purpose};
use musubi_core::consent::records::{Grantee, Relationship, Scope};
use musubi_core::record::PersonKey;
use musubi_core::time::Time;

/// What a Consent comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Opens; else it closes.
    pub permits: bool,
    /// Whose data.
    pub subject: PersonKey,
    /// Who gives it, where that is not the subject.
    pub grantor: Option<PersonKey>,
    /// In what capacity.
    pub relationship: Relationship,
    /// Evidence of it.
    pub authority: String,
    /// To whom.
    pub grantee: Grantee,
    /// What.
    pub categories: Scope,
    /// What for.
    pub purposes: Vec<Purpose>,
    /// From.
    pub valid_from: Option<Time>,
    /// Until, exclusive.
    pub valid_until: Option<Time>,
    /// The form that was signed, its version and its language.
    pub form: [String; 3],
    /// SHA-256 of the signed form, hexadecimal.
    pub scan_sha256: Option<String>,
    /// Somebody saw it signed.
    pub verified: bool,
    /// What was said before it was signed.
    pub explanation: String,
}

/// Reads a Consent.
///
/// # Errors
/// When it has no effect, or cannot be kept as it is meant: everything that is wrong with it.
pub fn consent(form: Form, bytes: &[u8], profile: &Profile) -> Result<Said, Vec<Diagnostic>> {
    let tree = form.read(bytes).map_err(|unread| vec![unread])?.named("Consent");
    let mut reader = Reader { tree: &tree, agency: &profile.agency, found: Vec::new() };
    if let Some(node) = numbers::individual_number(&tree, profile, is_own_id) {
        reader.error(
            "H009",
            node,
            "",
            "個人番号と思われる12桁の数字があるため、受け取らず、保存もしていません。取り除いて送り直してください。",
            "What looks like an individual number was found; nothing was taken or kept. Remove it and send again.",
        );
        return Err(reader.found);
    }
    let said = reader.read();
    match said {
        Some(said) if reader.found.is_empty() => Ok(said),
        _ => Err(reader.found),
    }
}

struct Reader<'t> {
    tree: &'t Tree<'t>,
    agency: &'t AgencyId,
    found: Vec<Diagnostic>,
}

/// What a provision says about whom, what and what for; `None` where it does not say.
#[derive(Default)]
struct Provision {
    grantee: Option<Grantee>,
    categories: Option<CategorySet>,
    purposes: Option<Vec<Purpose>>,
    /// It says something else that nobody here understands.
    more: bool,
}

impl<'t> Reader<'t> {
    fn error(&mut self, code: &'static str, at: Node<'_>, name: &str, ja: &'static str, en: &'static str) {
        let mut place = self.tree.place(at.get(name).unwrap_or(at));
        if !name.is_empty() && at.get(name).is_none() {
            place = format!("{place}.{name}");
        }
        self.found.push(Diagnostic::error(code, place, ja, en));
    }

    fn read(&mut self) -> Option<Said> {
        let root = self.tree.root();
        self.must_have_effect(root);
        let subject = self.person(root, "patient")?;
        let (relationship, grantor, authority) = self.grantor(root, &subject);
        let base = root.first("provision");
        let permits = self.permits(root, base)?;
        let none = Tree::nothing();
        let base = base.unwrap_or(none.root());
        let mut said = self.provision(base);
        if root.get("modifierExtension").is_some() {
            said.more = true;
        }
        let (categories, purposes) = match permits {
            true => self.permitted(base, &said)?,
            false => self.denied(base, &said)?,
        };
        let period = base.first("period");
        let [valid_from, valid_until] = ["start", "end"].map(|end| self.moment(period, end));
        let (form, scan_sha256, explanation) = self.evidence(root);
        Some(Said {
            permits,
            subject,
            grantor,
            relationship,
            authority,
            grantee: said.grantee.unwrap_or(Grantee::Everyone),
            categories,
            purposes,
            valid_from,
            valid_until,
            form,
            scan_sha256,
            verified: root.all("verification").any(|one| one.peek("verified") == "true"),
            explanation,
        })
    }

    /// Only an active consent about privacy has an effect.
    fn must_have_effect(&mut self, root: Node<'_>) {
        if root.peek("resourceType") != "Consent" {
            self.error("H003", root, "resourceType", "Consentリソースではありません。", "Not a Consent resource.");
        }
        if root.peek("status") != "active" {
            self.error(
                "H008",
                root,
                "status",
                "statusがactiveでない同意には効力がないため、登録しません。撤回は Consents.Withdraw または画面で登録してください。",
                "A consent that is not active has no effect and is not recorded. A withdrawal is recorded through Consents.Withdraw or the console.",
            );
        }
        let scopes = root.first("scope").map(|scope| scope.all("coding").map(|coding| coding.peek("code")));
        if !scopes.is_some_and(|mut codes| codes.any(|code| code == "patient-privacy")) {
            self.error(
                "H003",
                root,
                "scope",
                "情報提供の同意(scope が patient-privacy)だけを登録できます。",
                "Only consents about privacy are recorded: scope patient-privacy.",
            );
        }
    }

    /// `type` of the base provision; without one, the policy that it opts into or out of.
    fn permits(&mut self, root: Node<'_>, base: Option<Node<'_>>) -> Option<bool> {
        let rule = root.first("policyRule").and_then(|rule| rule.first("coding")).map_or("", |rule| rule.peek("code"));
        match (base.map_or("", |base| base.peek("type")), rule) {
            ("permit", _) | ("", "OPTIN") => Some(true),
            ("deny", _) | ("", "OPTOUT") => Some(false),
            _ => {
                self.error(
                    "H004",
                    base.unwrap_or(root),
                    "type",
                    "provision.type に permit または deny を指定してください。",
                    "Say permit or deny in provision.type.",
                );
                None
            }
        }
    }

    /// A person by the identifier that a reference has, or that of the resource that is contained.
    fn person(&mut self, at: Node<'_>, name: &str) -> Option<PersonKey> {
        let reference = at.first(name);
        let key = reference.and_then(|reference| self.key(reference));
        if key.is_none() {
            self.error(
                "H005",
                at,
                name,
                "対象者の番号を identifier に書くか、患者(Patient)を contained に入れてください。",
                "Name the person by identifier, or contain the Patient.",
            );
        }
        key
    }

    fn key(&self, reference: Node<'_>) -> Option<PersonKey> {
        let contained = self.contained(reference);
        let mut ids =
            contained.into_iter().flat_map(|inner| inner.all("identifier")).chain(reference.all("identifier"));
        let id = ids.find(|id| !id.peek("value").is_empty())?;
        let issuer = issuer_named(id.peek("system"), self.agency);
        Some(PersonKey { issuer, identifier: id.peek("value").to_owned() })
    }

    fn contained(&self, reference: Node<'_>) -> Option<Node<'t>> {
        let id = reference.peek("reference").strip_prefix('#')?;
        self.tree.root().all("contained").find(|inner| inner.peek("id") == id)
    }

    /// Who agrees: the patient, or somebody in a role for the patient.
    fn grantor(&self, root: Node<'_>, subject: &PersonKey) -> (Relationship, Option<PersonKey>, String) {
        let Some(performer) = root.first("performer") else { return (Relationship::Subject, None, String::new()) };
        let key = self.key(performer);
        let same = performer.peek("reference") == root.first("patient").map_or("", |one| one.peek("reference"));
        let same = same && !performer.peek("reference").is_empty();
        if same || key.as_ref() == Some(subject) {
            return (Relationship::Subject, None, String::new());
        }
        let role = self.contained(performer).and_then(|related| related.first("relationship"));
        let code = role.and_then(|role| role.first("coding")).map_or("", |coding| coding.peek("code"));
        let relationship = match code {
            "PRN" | "MTH" | "FTH" | "NMTH" | "NFTH" | "ADOPTP" => Relationship::ParentalAuthority,
            "GUARD" => Relationship::Guardian,
            _ => Relationship::Other,
        };
        (relationship, key, role.map_or("", |role| role.peek("text")).to_owned())
    }

    /// What a provision says.
    fn provision(&self, node: Node<'_>) -> Provision {
        const UNDERSTOOD: [&str; 8] = ["id", "type", "period", "actor", "action", "class", "securityLabel", "purpose"];
        let understood = |name: &str| UNDERSTOOD.contains(&name) || name == "provision";
        let mut said = Provision { more: !node.members().all(|(name, _)| understood(name)), ..Provision::default() };
        let actors: Vec<_> = node.all("actor").collect();
        if !actors.is_empty() {
            said.grantee = actors.first().filter(|_| actors.len() == 1).and_then(|actor| self.grantee(*actor));
            said.more |= said.grantee.is_none();
        }
        let labels: Vec<_> = node.all("class").chain(node.all("securityLabel")).collect();
        if !labels.is_empty() {
            let named = labels.iter().map(|label| code::<Category>(*label, CATEGORY));
            said.categories = named.collect::<Option<CategorySet>>();
            said.more |= said.categories.is_none();
        }
        let purposes: Vec<_> = node.all("purpose").collect();
        if !purposes.is_empty() {
            said.purposes = purposes.iter().map(|purpose| code::<Purpose>(*purpose, PURPOSE)).collect();
            said.more |= said.purposes.is_none();
        }
        let shares = |action: Node<'_>| {
            action.all("coding").any(|coding| matches!(coding.peek("code"), "access" | "use" | "disclose"))
        };
        said.more |= !node.all("action").all(shares);
        said
    }

    /// An agency, or every agency of a kind.
    fn grantee(&self, actor: Node<'_>) -> Option<Grantee> {
        let reference = actor.first("reference")?;
        let id = reference.first("identifier");
        if let Some(id) = id.filter(|id| id.peek("system") == KIND) {
            return id.peek("value").parse::<AgencyKind>().ok().map(Grantee::Kind);
        }
        let named = |organization: Node<'_>| agency(organization, "grantee");
        let id = self.contained(reference).and_then(named).or_else(|| named(reference))?;
        AgencyId::new(id).ok().map(Grantee::Agency)
    }

    /// What is left of a permit when its exceptions are taken out.
    fn permitted(&mut self, base: Node<'_>, said: &Provision) -> Option<(Scope, Vec<Purpose>)> {
        if said.more || said.grantee.is_none() {
            self.error(
                "H008",
                base,
                if said.more { "" } else { "actor" },
                "同意の範囲に読み取れない条件があるため、何も許可されていないものとして扱い、登録しません。提供先(actor)は1機関、区分(class)と目的(purpose)はMusubiのコードで指定してください。",
                "A condition of the permit is not understood, so that it permits nothing and is not recorded. Name one actor, and classes and purposes by Musubi's codes.",
            );
            return None;
        }
        let (mut categories, mut purposes) = (said.categories, said.purposes.clone().unwrap_or_default());
        for exception in base.all("provision") {
            if !self.is_exception(exception, "deny") {
                return None;
            }
            let taken = self.provision(exception);
            let other = |grantee: &Grantee| matches!((grantee, &said.grantee), (Grantee::Agency(one), Some(Grantee::Agency(all))) if one != all);
            match (taken.grantee.as_ref(), taken.categories, taken.purposes) {
                (Some(grantee), _, _) if other(grantee) => {}
                (_, Some(taken), _) => categories = Some(categories.unwrap_or(CategorySet::EMPTY).minus(taken)),
                (_, None, Some(taken)) => purposes.retain(|purpose| !taken.contains(purpose)),
                (_, None, None) => categories = Some(CategorySet::EMPTY),
            }
        }
        if categories.is_some_and(CategorySet::is_empty) || purposes.is_empty() {
            self.error(
                "H008",
                base,
                if purposes.is_empty() { "purpose" } else { "" },
                "例外を除くと、許可される区分または目的が残りません。登録しません。例外で区分を除くときは、許可する区分(class)も指定してください。",
                "Without the exceptions no category or no purpose is left that is permitted; it is not recorded. Where an exception names classes, the permit must name its own.",
            );
            return None;
        }
        Some((categories.map_or(Scope::All, Scope::Named), purposes))
    }

    /// A denial reaches as far as it is understood, and what is not understood narrows nothing.
    fn denied(&mut self, base: Node<'_>, said: &Provision) -> Option<(Scope, Vec<Purpose>)> {
        if let Some(exception) = base.all("provision").next() {
            self.is_exception(exception, "permit");
            self.error(
                "H008",
                exception,
                "",
                "拒否の中の例外(許可)は記録できません。許可だけの同意として送ってください。",
                "A permit within a denial cannot be kept; send the permit as a consent of its own, and no denial.",
            );
            return None;
        }
        let scope = said.categories.map_or(Scope::All, Scope::Named);
        Some((scope, said.purposes.clone().unwrap_or_else(|| Purpose::ALL.to_vec())))
    }

    /// Is it an exception of the other kind, with none in it?
    fn is_exception(&mut self, node: Node<'_>, kind: &str) -> bool {
        if node.get("provision").is_some() {
            self.error(
                "H008",
                node,
                "provision",
                "同意の例外の中にさらに例外があるため、受け取れません。1段までにしてください。",
                "An exception within an exception of a consent cannot be taken; nest one level at most.",
            );
            return false;
        }
        if node.peek("type") != kind {
            self.error(
                "H008",
                node,
                "type",
                "例外は、外側と反対の種類(permitに対してdeny)でなければなりません。",
                "An exception must be of the opposite type: deny within permit.",
            );
            return false;
        }
        true
    }

    fn moment(&mut self, period: Option<Node<'_>>, end: &str) -> Option<Time> {
        let period = period?;
        let text = period.peek(end);
        if text.is_empty() {
            return None;
        }
        let day =
            || Some(if end == "end" { Time::end_of(text.parse().ok()?) } else { Time::start_of(text.parse().ok()?) });
        let read = Time::parse_rfc3339(text).or_else(day);
        if read.is_none() {
            self.error(
                "H006",
                period,
                end,
                "日付は YYYY-MM-DD、または時差付きの日時で指定してください。",
                "Write YYYY-MM-DD, or a time with its zone.",
            );
        }
        read
    }

    /// The form, its version and language, the hash of what was signed, and what was explained.
    fn evidence(&mut self, root: Node<'_>) -> ([String; 3], Option<String>, String) {
        let policy = root.first("policy").map_or("", |policy| policy.peek("uri"));
        let (uri, version) = policy.split_once('|').unwrap_or((policy, ""));
        let form = uri.strip_prefix("urn:musubi:form:").unwrap_or(uri);
        let signed = root.first("sourceAttachment");
        let language = signed.map_or("", |signed| signed.peek("language"));
        let language = [language, root.peek("language"), "ja"].into_iter().find(|said| !said.is_empty());
        let scan = signed.filter(|signed| signed.get("data").is_some()).and_then(|signed| self.scan(signed));
        let explanation = signed.map_or("", |signed| signed.peek("title")).to_owned();
        ([form, version, language.unwrap_or_default()].map(str::to_owned), scan, explanation)
    }

    fn scan(&mut self, signed: Node<'_>) -> Option<String> {
        let data = signed.peek("data");
        match attachment::attachment(signed.peek("contentType"), data, attachment::BYTES_MAX) {
            Ok((_, bytes)) => Some(sha256_hex(&bytes)),
            Err(fault) => {
                self.error(fault.code(), signed, "data", fault.ja(), fault.en());
                None
            }
        }
    }
}

/// The word of one of our own systems.
fn code<T: std::str::FromStr>(coding: Node<'_>, system: &str) -> Option<T> {
    if coding.peek("system") == system { coding.peek("code").parse().ok() } else { None }
}
