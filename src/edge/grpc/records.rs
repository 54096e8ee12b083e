//! `Records`: reading the record through a decision.

use super::{Parts, Services, named, purpose, server, status, wrong};
use crate::edge::quota::NothingShown;
use crate::hub::Caller;
use crate::hub::watch::WatchedRecords;
use musubi_core::agency::Purpose;
use musubi_core::cases::{CaseQuery, Level, UnresponsiveVisits};
use musubi_core::id::Municipality;
use musubi_core::release::Released;
use musubi_core::statistics::{Statistics, Table};
use server::{
    Count, CountAnswer, CountRequest, CountTable, CountsOfMunicipality, GetRecordRequest, PersonRef,
    SearchCasesRequest, WatchRecordsRequest,
};
use std::str::FromStr;
use tonic::{Request, Response, Status};

#[tonic::async_trait]
impl server::records_server::Records for Services {
    type GetStream = Parts<Released>;

    async fn get(&self, request: Request<GetRecordRequest>) -> Result<Response<Parts<Released>>, Status> {
        let caller = self.caller(&request, &request.get_ref().staff_id)?;
        let asked = request.into_inner();
        let person = PersonRef {
            person_id: asked.person_id,
            issuer: asked.issuer,
            identifier: asked.identifier,
            role: String::new(),
            name: asked.name,
            birth_date: asked.birth_date,
        };
        let person = named(Some(&person))?;
        let purpose = purpose(&asked.purpose)?;
        let seen = self.hub.get(&caller, purpose, &person, &asked.ground).await.map_err(|r| status(&r))?;
        Ok(self.shown(&caller, seen))
    }

    type SearchCasesStream = Parts<Released>;

    async fn search_cases(&self, request: Request<SearchCasesRequest>) -> Result<Response<Parts<Released>>, Status> {
        let caller = self.caller(&request, &request.get_ref().staff_id)?;
        let asked = request.into_inner();
        let purpose = purpose(&asked.purpose)?;
        let query = query(&asked, purpose)?;
        let answer = self.hub.search_cases(&caller, purpose, &query, None).await.map_err(|r| status(&r))?;
        Ok(self.shown(&caller, answer.hits))
    }

    async fn count(&self, request: Request<CountRequest>) -> Result<Response<CountAnswer>, Status> {
        let caller = self.caller(&request, &request.get_ref().staff_id)?;
        let query = CaseQuery {
            municipalities: codes(&request.get_ref().municipalities)?,
            ..CaseQuery::new("", Purpose::P12, Level::L0)
        };
        let counted = self.hub.statistics(&caller, &query).await.map_err(|r| status(&r))?;
        let municipalities = counted.iter().map(|(municipality, counts)| told(municipality, counts)).collect();
        Ok(Response::new(CountAnswer { municipalities }))
    }

    type WatchStream = Parts<Released>;

    async fn watch(&self, request: Request<WatchRecordsRequest>) -> Result<Response<Parts<Released>>, Status> {
        let caller = self.caller(&request, &request.get_ref().staff_id)?;
        let asked = request.into_inner();
        let watched = WatchedRecords::new(&caller, purpose(&asked.purpose)?, &asked.ground).map_err(|r| status(&r))?;
        self.watching(&caller, watched, |released| released).await
    }
}

impl Services {
    /// What is shown; that it is nothing is counted.
    fn shown(&self, caller: &Caller, all: Vec<Released>) -> Response<Parts<Released>> {
        let nothing = all.is_empty();
        let mut answer = Response::new(self.parts(caller, all));
        if nothing {
            answer.extensions_mut().insert(NothingShown);
        }
        answer
    }
}

/// The same question that the XML of a child guidance center asks.
fn query(asked: &SearchCasesRequest, purpose: Purpose) -> Result<CaseQuery, Status> {
    if asked.ground.is_empty() {
        return Err(Status::invalid_argument(
            "error CG-E305 ground 照会には根拠の番号(求めの番号・ケース番号)が必要です。 / A query cites the number of its ground.",
        ));
    }
    let mut query = CaseQuery::new(asked.ground.clone(), purpose, Level::L3);
    query.municipalities = codes(&asked.municipalities)?;
    query.categories = words(&asked.categories, "categories")?;
    query.signals = words(&asked.signals, "signals")?;
    query.severity_at_least = word(&asked.severity_at_least, "severity_at_least")?;
    query.level = match asked.level.as_str() {
        "L0" => Level::L0,
        "L1" => Level::L1,
        "L2" => Level::L2,
        "" | "L3" => Level::L3,
        _ => return Err(wrong("level", "水準は L0 から L3 で指定してください。", "A level is L0 to L3.")),
    };
    (query.age_months_from, query.age_months_to) = (asked.age_months_from, asked.age_months_to);
    query.unresponsive_visits = asked.unresponsive_visits_at_least.map(|at_least| UnresponsiveVisits {
        at_least,
        within_days: asked.unresponsive_visits_within_days.unwrap_or(u32::MAX),
    });
    Ok(query)
}

fn codes(texts: &[String]) -> Result<Vec<Municipality>, Status> {
    let read: Result<Vec<Municipality>, _> = texts.iter().map(|code| Municipality::new(code.clone())).collect();
    read.map_err(|_| {
        wrong(
            "municipalities",
            "自治体コードは検査数字を含む6桁です。",
            "A municipality code has six digits with a check digit.",
        )
    })
}

/// The counts of one municipality, as the rules tell them.
fn told(municipality: &Municipality, statistics: &Statistics) -> CountsOfMunicipality {
    let tables = statistics.groups().iter().flat_map(|group| {
        group.tables().iter().map(|table| CountTable {
            population: group.population().to_string(),
            dimensions: table.dimensions().iter().flatten().map(ToString::to_string).collect(),
            counts: table.counts().iter().map(|count| counted(table, count)).collect(),
        })
    });
    CountsOfMunicipality {
        municipality: municipality.to_string(),
        counted_on: statistics.counted_on().to_string(),
        tables: tables.collect(),
    }
}

fn counted(table: &Table, count: &musubi_core::statistics::Count) -> Count {
    let words = table.dimensions().into_iter().zip(count.words);
    let words = words.filter_map(|(dimension, word)| dimension.map(|_| word.unwrap_or_default().to_owned()));
    Count { words: words.collect(), number: count.number }
}

fn words<T: FromStr>(texts: &[String], field: &'static str) -> Result<Vec<T>, Status> {
    texts.iter().map(|text| text.parse().map_err(|_| unknown_word(field))).collect()
}

fn word<T: FromStr>(text: &str, field: &'static str) -> Result<Option<T>, Status> {
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(|_| unknown_word(field)) }
}

fn unknown_word(field: &'static str) -> Status {
    wrong(field, "定められた値のいずれかを指定してください。", "Not one of the values of this field.")
}
