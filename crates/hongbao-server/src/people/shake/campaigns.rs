//! The four calls by which an official account's server keeps its campaigns (`/shakearound/lottery/…`). Each is
//! answered with HTTP 200 and an `errcode`; numbers come as numbers or as texts, as clients send them.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use axum::routing::{get, post};
use hongbao_engine::command::{FillLottery, PutLottery};
use hongbao_engine::directory::App;
use hongbao_engine::lottery::Lottery;
use hongbao_engine::outcome::PrizeRejection;
use hongbao_store::Store;
use hongbao_types::{ApiKey, AppId, LotteryId, MerchantId, Timestamp};
use hongbao_wire::oauth::ReplyError;
use serde::{Deserialize, Deserializer, Serialize};
use url::Url;

use crate::body;
use crate::change::{NotChanged, change};
use crate::people::oauth::access_token::account_of;
use crate::people::oauth::redeem::{Missing, reply};
use crate::people::oauth::{Query, random};
use crate::platform::Platform;
use crate::tokens;

/// The longest a campaign may last: 91 days, in seconds.
const SPAN_MAX: i64 = 91 * 86_400;
/// The most tickets in one call.
const TICKETS_MAX: usize = 100;
/// How wide a title and a description may be, where a Chinese character counts two.
const TITLE_MAX: usize = 12;
const DESCRIPTION_MAX: usize = 14;
/// The most bytes of an address.
const URL_MAX: usize = 1024;
/// The most bytes of a body: a hundred tickets have ten thousand.
const BODY_LIMIT: usize = 64 * 1024;
/// The services whose pre-orders a campaign takes (`auth_mchid`): the shake's, and the television's.
const SERVICES: [&str; 2] = ["1000052601", "1000048201"];

pub(in crate::people) fn routes<S: Store>() -> Router<Arc<Platform<S>>> {
    Router::new()
        .route("/shakearound/lottery/addlotteryinfo", post(add::<S>))
        .route("/shakearound/lottery/setprizebucket", post(fill::<S>))
        .route("/shakearound/lottery/setlotteryswitch", get(switch::<S>))
        .route("/shakearound/lottery/querylottery", get(query::<S>))
}

/// A campaign as its account gives it.
#[derive(Deserialize)]
struct Wish {
    title: String,
    desc: String,
    #[serde(default = "on", deserialize_with = "number")]
    onoff: i64,
    #[serde(deserialize_with = "number")]
    begin_time: i64,
    #[serde(deserialize_with = "number")]
    expire_time: i64,
    sponsor_appid: String,
    #[serde(deserialize_with = "number")]
    total: i64,
    #[serde(default)]
    jump_url: String,
    key: String,
}

#[derive(Serialize)]
struct Added {
    errcode: u8,
    errmsg: &'static str,
    lottery_id: String,
    page_id: u64,
}

#[derive(Deserialize)]
struct Tickets {
    #[serde(deserialize_with = "text")]
    lottery_id: String,
    #[serde(deserialize_with = "text")]
    mchid: String,
    sponsor_appid: String,
    prize_info_list: Vec<Ticket>,
}

#[derive(Clone, Deserialize, Serialize)]
struct Ticket {
    ticket: String,
}

/// How each ticket ended; a list that is empty is left out.
#[derive(Default, Serialize)]
struct Filled {
    errcode: i32,
    errmsg: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    repeat_ticket_list: Vec<Ticket>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    expire_ticket_list: Vec<Ticket>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    invalid_amount_ticket_list: Vec<Ticket>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    wrong_authmchid_ticket_list: Vec<Ticket>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    invalid_ticket_list: Vec<Ticket>,
    success_num: usize,
}

#[derive(Serialize)]
struct Done {
    errcode: u8,
    errmsg: &'static str,
}

#[derive(Serialize)]
struct Known {
    errcode: u8,
    errmsg: &'static str,
    result: Campaign,
}

#[derive(Serialize)]
struct Campaign {
    title: String,
    desc: String,
    onoff: u8,
    begin_time: i64,
    expire_time: i64,
    sponsor_appid: String,
    appid: String,
    prize_count: u32,
    prize_count_limit: u32,
    jump_url: String,
    expired_prizes: u64,
    drawed_prizes: u64,
    available_prizes: u64,
    expired_value: i64,
    drawed_value: i64,
    available_value: i64,
}

async fn add<S: Store>(State(platform): State<Arc<Platform<S>>>, RawQuery(query): RawQuery, body: Body) -> Response {
    let added = async {
        let query = Query::parse(query.unwrap_or_default().as_bytes());
        let account = account(&platform, &query).await?;
        if !matches!(query.get("use_template"), None | Some("1" | "2")) {
            return Err(ReplyError::LOTTERY_INVALID);
        }
        let wish: Wish = read(&platform, body).await?;
        let sponsor = AppId::try_new(&wish.sponsor_appid).map_err(|_| ReplyError::LOTTERY_INVALID)?;
        platform.in_time(platform.directory.app(&sponsor)).await.missing()?.ok_or(ReplyError::LOTTERY_INVALID)?;
        loop {
            let number = u64::from_be_bytes(random().missing()?) % 1_000_000_000_000_000;
            let id = LotteryId::try_new(&format!("{number:015}")).missing()?;
            let lottery = wish.judge(&account.id, &sponsor, id.clone()).ok_or(ReplyError::LOTTERY_INVALID)?;
            let put = PutLottery { lottery, instead_of: None };
            // Another campaign has that number: another one, then.
            if platform.put_lottery(Box::new(put)).await.missing()?.is_ok() {
                tracing::info!(lottery.id = %id, app.id = %account.id, "a campaign was made");
                let page_id = number % 1_000_000_000;
                return Ok(Added { errcode: 0, errmsg: "", lottery_id: id.to_string(), page_id });
            }
        }
    };
    reply(&platform, added.await)
}

async fn fill<S: Store>(State(platform): State<Arc<Platform<S>>>, RawQuery(query): RawQuery, body: Body) -> Response {
    let filled = async {
        let query = Query::parse(query.unwrap_or_default().as_bytes());
        let account = account(&platform, &query).await?;
        let tickets: Tickets = read(&platform, body).await?;
        let lottery = campaign(&platform, &account, &tickets.lottery_id).await?;
        let merchant = MerchantId::try_new(&tickets.mchid).map_err(|_| ReplyError::LOTTERY_INVALID)?;
        let count = tickets.prize_info_list.len();
        if lottery.sponsor.as_str() != tickets.sponsor_appid || !(1..=TICKETS_MAX).contains(&count) {
            return Err(ReplyError::LOTTERY_INVALID);
        }
        tickets.put(&platform, &lottery.id, merchant).await
    };
    reply(&platform, filled.await)
}

async fn switch<S: Store>(State(platform): State<Arc<Platform<S>>>, RawQuery(query): RawQuery) -> Response {
    let switched = async {
        let query = Query::parse(query.unwrap_or_default().as_bytes());
        let account = account(&platform, &query).await?;
        let lottery = campaign(&platform, &account, query.get("lottery_id").unwrap_or_default()).await?;
        let is_on = match query.get("onoff") {
            Some("1") => true,
            Some("0") => false,
            _ => return Err(ReplyError::LOTTERY_INVALID),
        };
        let switched = |stored: Option<&Lottery>| {
            let stored = stored.ok_or(ReplyError::LOTTERY_INVALID)?;
            Ok(Lottery { is_on, ..stored.clone() })
        };
        change(&platform, &lottery.id, switched).await.map_err(|error| not_changed(&error))?;
        tracing::info!(lottery.id = %lottery.id, is_on, "a campaign was switched");
        Ok(Done { errcode: 0, errmsg: "" })
    };
    reply(&platform, switched.await)
}

async fn query<S: Store>(State(platform): State<Arc<Platform<S>>>, RawQuery(query): RawQuery) -> Response {
    let known = async {
        let query = Query::parse(query.unwrap_or_default().as_bytes());
        let account = account(&platform, &query).await?;
        let lottery = campaign(&platform, &account, query.get("lottery_id").unwrap_or_default()).await?;
        let sums = platform.in_time(platform.store.lottery_sums(&lottery.id)).await.missing()?;
        let seconds = |at: Timestamp| at.as_millis().div_euclid(1000);
        let result = Campaign {
            title: lottery.title,
            desc: lottery.description,
            onoff: u8::from(lottery.is_on),
            begin_time: seconds(lottery.begins_at),
            expire_time: seconds(lottery.ends_at),
            sponsor_appid: lottery.sponsor.to_string(),
            appid: lottery.account.to_string(),
            prize_count: lottery.prizes,
            prize_count_limit: lottery.prizes_max,
            jump_url: lottery.jump_url,
            expired_prizes: sums.expired.0,
            drawed_prizes: sums.drawn.0,
            available_prizes: sums.available.0,
            expired_value: sums.expired.1.as_i64(),
            drawed_value: sums.drawn.1.as_i64(),
            available_value: sums.available.1.as_i64(),
        };
        Ok(Known { errcode: 0, errmsg: "", result })
    };
    reply(&platform, known.await)
}

impl Wish {
    /// The campaign, if there may be such a one.
    fn judge(&self, account: &AppId, sponsor: &AppId, id: LotteryId) -> Option<Lottery> {
        let span = self.expire_time.checked_sub(self.begin_time)?;
        // People are sent there: nowhere but to a page.
        let is_page = |url: Url| matches!(url.scheme(), "http" | "https");
        let is_short = self.jump_url.len() <= URL_MAX
            && (self.jump_url.is_empty() || Url::parse(&self.jump_url).is_ok_and(is_page));
        if !is_title(&self.title, TITLE_MAX) || !is_title(&self.desc, DESCRIPTION_MAX) || !is_short {
            return None;
        }
        if !(1..=SPAN_MAX).contains(&span) || !(0..=1).contains(&self.onoff) {
            return None;
        }
        let time = |seconds: i64| Some(Timestamp::from_millis(seconds.checked_mul(1000)?));
        Some(Lottery {
            id,
            account: account.clone(),
            sponsor: sponsor.clone(),
            title: self.title.clone(),
            description: self.desc.clone(),
            is_on: self.onoff == 1,
            begins_at: time(self.begin_time)?,
            ends_at: time(self.expire_time)?,
            prizes_max: u32::try_from(self.total).ok().filter(|total| (1..=Lottery::PRIZES_MAX).contains(total))?,
            prizes: 0,
            jump_url: self.jump_url.clone(),
            key: ApiKey::try_new(&self.key).ok()?,
            win_rate_ppm: Lottery::ALWAYS,
        })
    }
}

fn is_title(text: &str, width_max: usize) -> bool {
    let width = text.chars().fold(0, |width, char| width + if char.is_ascii() { 1 } else { 2 });
    (1..=width_max).contains(&width) && !text.contains(char::is_control)
}

impl Tickets {
    async fn put<S: Store>(
        self,
        platform: &Platform<S>,
        lottery: &LotteryId,
        merchant: MerchantId,
    ) -> Result<Filled, ReplyError> {
        let mut filled = Filled::default();
        let (mut packets, mut known) = (Vec::new(), Vec::new());
        for ticket in self.prize_info_list {
            match tokens::packet_of_ticket(platform.store.person_key(), &ticket.ticket) {
                Some(packet) => {
                    packets.push(packet);
                    known.push(ticket);
                }
                None => filled.invalid_ticket_list.push(ticket),
            }
        }
        if !packets.is_empty() {
            let services = SERVICES.iter().filter_map(|service| MerchantId::try_new(service).ok()).collect();
            let fill = FillLottery { lottery: lottery.clone(), merchant, services, packets };
            let ends = platform.fill_lottery(fill).await.missing()?.map_err(|_| ReplyError::LOTTERY_INVALID)?;
            for (ticket, end) in known.into_iter().zip(ends) {
                match end {
                    Ok(()) => filled.success_num += 1,
                    Err(PrizeRejection::Repeated | PrizeRejection::InAnother) => filled.repeat_ticket_list.push(ticket),
                    Err(PrizeRejection::Expired) => filled.expire_ticket_list.push(ticket),
                    Err(PrizeRejection::AmountOutOfRange) => filled.invalid_amount_ticket_list.push(ticket),
                    Err(PrizeRejection::WrongService) => filled.wrong_authmchid_ticket_list.push(ticket),
                    Err(PrizeRejection::Invalid) => filled.invalid_ticket_list.push(ticket),
                }
            }
            platform.prize_pools.refill(lottery);
        }
        if filled.success_num == 0 {
            (filled.errcode, filled.errmsg) = (ReplyError::ALL_TICKETS_BAD.code, ReplyError::ALL_TICKETS_BAD.text);
        }
        tracing::info!(lottery.id = %lottery, added = filled.success_num, "pre-orders were put into a campaign's bucket");
        Ok(filled)
    }
}

/// Whose call it is.
async fn account<S: Store>(platform: &Platform<S>, query: &Query) -> Result<Arc<App>, ReplyError> {
    account_of(platform, query.get("access_token").ok_or(ReplyError::TOKEN_MISSING)?).await
}

/// The account's campaign of that number.
async fn campaign<S: Store>(platform: &Platform<S>, account: &App, id: &str) -> Result<Lottery, ReplyError> {
    let id = LotteryId::try_new(id).map_err(|_| ReplyError::LOTTERY_INVALID)?;
    let lottery = platform.in_time(platform.store.lottery(&id)).await.missing()?;
    lottery.filter(|lottery| lottery.account == account.id).ok_or(ReplyError::LOTTERY_INVALID)
}

async fn read<S: Store, T: for<'de> Deserialize<'de>>(platform: &Platform<S>, body: Body) -> Result<T, ReplyError> {
    let body = body::read(body, BODY_LIMIT, platform.http.body_patience).await;
    let body = body.map_err(|_| ReplyError::LOTTERY_INVALID)?;
    serde_json::from_slice(&body).map_err(|_| ReplyError::LOTTERY_INVALID)
}

fn not_changed(error: &NotChanged<ReplyError>) -> ReplyError {
    match error {
        NotChanged::Refused(error) => *error,
        NotChanged::Unread(_) | NotChanged::Unstored(_) | NotChanged::Meanwhile => ReplyError::SYSTEM_ERROR,
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum NumberOrText {
    Number(i64),
    Text(String),
}

fn number<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    match NumberOrText::deserialize(from)? {
        NumberOrText::Number(number) => Ok(number),
        NumberOrText::Text(text) => text.parse().map_err(serde::de::Error::custom),
    }
}

fn text<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    Ok(match NumberOrText::deserialize(from)? {
        NumberOrText::Number(number) => number.to_string(),
        NumberOrText::Text(text) => text,
    })
}

fn on() -> i64 {
    1
}
