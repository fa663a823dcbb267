//! Web authorisation: a browser that goes from the merchant's page to the platform and back, and the merchant's server,
//! which learns the openid once.

use std::collections::BTreeMap;
use std::sync::Arc;

use hongbao_server::{PeopleLimits, Rate};
use hongbao_store::faulty::Fault;
use hongbao_wire::oauth::{PageError, ReplyError};
use reqwest::StatusCode;
use reqwest::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use url::Url;

use super::claims::refusal;
use crate::rig::{APP, OPENID, OTHER_OPENID, Rig};

pub(crate) const OTHER_APP: &str = "wx2421b1c4370ec43b";
pub(crate) const SECRET: &str = "0123456789abcdef0123456789abcdef";
const PAGE: &str = "http://shop.example.com/hb/index.php";
const MINUTE_MS: i64 = 60_000;

async fn rig() -> Rig {
    let rig = Rig::start().await;
    register(&rig).await;
    rig
}

pub(crate) async fn register(rig: &Rig) {
    let web = json!({ "app_secret": SECRET, "redirect_hosts": ["shop.example.com", "127.0.0.1:8081"] });
    rig.put_app(APP, web.clone()).await;
    rig.put_app(OTHER_APP, web).await;
}

/// A browser goes where it is sent only when it is asked to.
fn browser() -> reqwest::Client {
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

pub(crate) fn base(rig: &Rig) -> String {
    format!("http://{}", rig.addresses.plain.unwrap())
}

/// The path to authorisation, with these parameters changed, or, if they are nothing, left out.
fn authorize(changes: &[(&str, &str)]) -> String {
    let mut params = BTreeMap::from([
        ("appid", APP),
        ("redirect_uri", PAGE),
        ("response_type", "code"),
        ("scope", "snsapi_base"),
        ("state", "STATE"),
    ]);
    params.extend(changes.iter().copied());
    params.retain(|_, value| *value != "-");
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish();
    format!("/connect/oauth2/authorize?{query}")
}

async fn go(rig: &Rig, path: &str) -> reqwest::Response {
    browser().get(format!("{}{path}", base(rig))).send().await.unwrap()
}

/// Where somebody is sent.
fn sent_to(reply: &reqwest::Response) -> Url {
    assert_eq!((reply.status(), &reply.headers()[CACHE_CONTROL]), (StatusCode::FOUND, &"no-store".parse().unwrap()));
    Url::parse(reply.headers()[LOCATION].to_str().unwrap()).unwrap()
}

fn param(url: &Url, name: &str) -> String {
    url.query_pairs().find(|(known, _)| known == name).unwrap_or_else(|| panic!("no {name} in {url}")).1.into_owned()
}

/// A code for this person.
pub(crate) async fn code(rig: &Rig, app: &str, openid: &str) -> String {
    param(&sent_to(&go(rig, &authorize(&[("appid", app), ("person", openid)])).await), "code")
}

/// What the merchant's server is answered.
pub(crate) async fn redeem(rig: &Rig, changes: &[(&str, &str)]) -> Value {
    let mut params =
        BTreeMap::from([("appid", APP), ("secret", SECRET), ("code", ""), ("grant_type", "authorization_code")]);
    params.extend(changes.iter().copied());
    params.retain(|_, value| *value != "-");
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish();
    ask(rig, &format!("/sns/oauth2/access_token?{query}")).await
}

pub(crate) async fn ask(rig: &Rig, path: &str) -> Value {
    let reply = rig.http.get(format!("{}{path}", base(rig))).send().await.unwrap();
    assert_eq!(reply.status(), StatusCode::OK);
    assert_eq!(reply.headers()[CONTENT_TYPE], "text/plain; charset=utf-8");
    serde_json::from_str(&reply.text().await.unwrap()).unwrap()
}

#[track_caller]
pub(crate) fn assert_refused(answer: &Value, error: ReplyError) {
    assert_eq!(answer["errcode"], error.code, "{answer}");
    let (text, id) = answer["errmsg"].as_str().unwrap().split_once(", rid: ").unwrap();
    assert_eq!((text, id.split('-').map(str::len).collect::<Vec<_>>()), (error.text, vec![8, 8, 8]));
}

/// The cookie of whoever comes with this assertion.
async fn cookie(rig: &Rig, assertion: &str) -> String {
    let url = format!("{}/session?to=/connect/oauth2/authorize", base(rig));
    let reply = browser().get(url).bearer_auth(assertion).send().await.unwrap();
    assert_eq!(reply.status(), StatusCode::SEE_OTHER);
    assert_eq!(reply.headers()[LOCATION], "/connect/oauth2/authorize");
    let cookie = reply.headers()[SET_COOKIE].to_str().unwrap();
    let (pair, attributes) = cookie.split_once("; ").unwrap();
    assert_eq!(attributes, "HttpOnly; SameSite=Lax; Path=/; Max-Age=600");
    pair.to_owned()
}

async fn go_with(rig: &Rig, path: &str, cookie: &str) -> reqwest::Response {
    browser().get(format!("{}{path}", base(rig))).header(COOKIE, cookie).send().await.unwrap()
}

#[tokio::test]
async fn the_flow_of_the_published_php_gives_the_openid() {
    let rig = rig().await;
    // Its parameters are in the order of their names, and nothing is encoded; what stands behind # stays in the browser.
    let url = format!(
        "{}/connect/oauth2/authorize?appid={APP}&redirect_uri={PAGE}?hb=1&response_type=code&scope=snsapi_base\
         &state=STATE#wechat_redirect",
        base(&rig)
    );
    let cookie = cookie(&rig, &rig.identity(OPENID)).await;
    let reply = browser().get(url).header(COOKIE, cookie).send().await.unwrap();
    let back = sent_to(&reply);
    assert!(back.as_str().starts_with("http://shop.example.com/hb/index.php?hb=1&code="), "{back}");
    assert_eq!(param(&back, "state"), "STATE");

    let code = param(&back, "code");
    let path =
        format!("/sns/oauth2/access_token?appid={APP}&code={code}&grant_type=authorization_code&secret={SECRET}");
    let text = rig.http.get(format!("{}{path}", base(&rig))).send().await.unwrap().text().await.unwrap();
    let names: Vec<&str> =
        text.split('"').skip(1).step_by(2).filter(|name| text.contains(&format!("{name}\":"))).collect();
    assert_eq!(names, ["access_token", "expires_in", "refresh_token", "openid", "scope"]);
    let reply: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (&reply["openid"], &reply["expires_in"], &reply["scope"]),
        (&json!(OPENID), &json!(7200), &json!("snsapi_base"))
    );
    assert_refused(&redeem(&rig, &[("code", &code)]).await, ReplyError::CODE_USED);
}

#[tokio::test]
async fn a_sandbox_asks_whom_to_be() {
    let rig = rig().await;
    rig.put(&format!("/admin/apps/{APP}/openids/{OPENID}"), &json!({})).await;
    let page = go(&rig, &authorize(&[("state", "A1")])).await;
    assert_eq!(page.status(), StatusCode::OK);
    assert_eq!(page.headers()[CONTENT_TYPE], "text/html; charset=utf-8");
    let policy = page.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(policy.contains("form-action 'self' http://shop.example.com;"), "{policy}");
    let page = page.text().await.unwrap();
    let (_, rest) = page.split_once("<a href=\"").unwrap();
    let link = rest.split('"').next().unwrap().replace("&amp;", "&");
    let back = sent_to(&go(&rig, &format!("/connect/oauth2/authorize{link}")).await);
    assert_eq!(param(&back, "state"), "A1");
    assert_eq!(redeem(&rig, &[("code", &param(&back, "code"))]).await["openid"], OPENID);

    // A name is another openid under each app, and the same one each time.
    let named = async |app: &str| {
        let code = code(&rig, app, "小明").await;
        redeem(&rig, &[("code", &code), ("appid", app)]).await["openid"].as_str().unwrap().to_owned()
    };
    let [first, again, elsewhere] = [named(APP).await, named(APP).await, named(OTHER_APP).await];
    assert!(first == again && first != elsewhere && first.len() == 28 && first.starts_with('o'), "{first} {elsewhere}");

    let bad = go(&rig, &authorize(&[("person", "oxTWIuGaIt6gTKsQRLau<script>")])).await;
    assert_eq!(bad.status(), StatusCode::BAD_REQUEST);
    assert!(!bad.text().await.unwrap().contains("<script"));
    // Who is anybody under an app of everybody is nobody under one of registered people.
    let stranger = authorize(&[("person", "oabcdefghijklmnopqrstuvwxyz1")]);
    sent_to(&go(&rig, &stranger).await);
    rig.put_app(APP, json!({ "registered_only": true, "redirect_hosts": ["shop.example.com"] })).await;
    assert_eq!(go(&rig, &stranger).await.status(), StatusCode::BAD_REQUEST);
    sent_to(&go(&rig, &authorize(&[("person", OPENID)])).await);
}

#[tokio::test]
async fn a_page_says_why_nobody_is_sent_on() {
    let rig = rig().await;
    rig.put_app("wx1111111111111111", json!({ "kind": "mobile_app", "redirect_hosts": ["shop.example.com"] })).await;
    let long = "a".repeat(129);
    for (changes, error) in [
        (("appid", "-"), PageError::APPID_EMPTY),
        (("appid", ""), PageError::APPID_EMPTY),
        (("redirect_uri", "-"), PageError::REDIRECT_URI_EMPTY),
        (("scope", "-"), PageError::SCOPE_EMPTY),
        (("scope", "snsapi_userinfo"), PageError::NO_SCOPE_PERMISSION),
        (("appid", "wx0000000000000000"), PageError::NOT_AN_OFFICIAL_ACCOUNT),
        (("appid", "wx1111111111111111"), PageError::NOT_AN_OFFICIAL_ACCOUNT),
        (("appid", "<script>alert(1)</script>"), PageError::NOT_AN_OFFICIAL_ACCOUNT),
        (("redirect_uri", "http://evil.example/"), PageError::HOST_NOT_REGISTERED),
        (("redirect_uri", "http://shop.example.com.evil.example/"), PageError::HOST_NOT_REGISTERED),
        (("redirect_uri", "http://a.shop.example.com/"), PageError::HOST_NOT_REGISTERED),
        (("redirect_uri", "http://shop.example.com@evil.example/"), PageError::HOST_NOT_REGISTERED),
        (("redirect_uri", "http://evil.example@shop.example.com/"), PageError::HOST_NOT_REGISTERED),
        (("redirect_uri", "http://evil.example\\@shop.example.com/"), PageError::HOST_NOT_REGISTERED),
        (("redirect_uri", "//evil.example/"), PageError::HOST_NOT_REGISTERED),
        (("redirect_uri", "/hb"), PageError::HOST_NOT_REGISTERED),
        (("redirect_uri", "javascript://shop.example.com/%0aalert(1)"), PageError::HOST_NOT_REGISTERED),
        (("redirect_uri", "http://127.0.0.1:8082/"), PageError::HOST_NOT_REGISTERED),
        (("state", "a b"), PageError::STATE_WRONG),
        (("state", "a\r\nSet-Cookie: x=1"), PageError::STATE_WRONG),
        (("state", &*long), PageError::STATE_WRONG),
    ] {
        let reply = go(&rig, &authorize(&[changes, ("person", OPENID)])).await;
        assert_eq!((reply.status(), reply.headers().get(LOCATION)), (StatusCode::BAD_REQUEST, None), "{changes:?}");
        let page = reply.text().await.unwrap();
        assert!(page.contains(error.text.zh) && page.contains(error.text.en), "{changes:?}: {page}");
        assert!(page.contains(&format!("Error {}<", error.code)), "{changes:?}: {page}");
        assert!(!page.contains("evil") && !page.contains("alert"), "{page}");
    }
    for (uri, sent) in [
        ("https://shop.example.com:8443/a?b=c#d", "https://shop.example.com:8443/a?b=c&code="),
        ("http://SHOP.example.com", "http://shop.example.com/?code="),
        ("http://127.0.0.1:8081/", "http://127.0.0.1:8081/?code="),
    ] {
        let back = sent_to(&go(&rig, &authorize(&[("redirect_uri", uri), ("person", OPENID), ("state", "-")])).await);
        assert!(back.as_str().starts_with(sent), "{back}");
        assert_eq!(param(&back, "state"), "");
    }
}

#[tokio::test]
async fn whoever_asks_too_often_is_told_so() {
    let rate = Some(Rate::new(1, 2));
    let limits = PeopleLimits { per_address: rate, shared_addresses: Vec::new(), ..PeopleLimits::default() };
    let rig = Rig::with_people(limits).await;
    register(&rig).await;
    let mut pages = Vec::new();
    for _ in 0..20 {
        pages.push(go(&rig, &authorize(&[("person", OPENID)])).await);
    }
    let refused = pages.pop().unwrap();
    assert!(pages.iter().any(|page| page.status() == StatusCode::FOUND));
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.text().await.unwrap().contains("10009"));
    let answer = rig.claim("1000201411111234567800010001119", OPENID).await;
    assert_eq!(refusal(answer), (429, "too_often".to_owned()));
}

#[tokio::test]
async fn a_code_is_good_once_for_its_app_and_for_five_minutes() {
    let rig = rig().await;
    let code = code(&rig, APP, OPENID).await;
    assert_refused(&redeem(&rig, &[("code", &code), ("appid", OTHER_APP)]).await, ReplyError::CODE_INVALID);
    for at in [0, 12, 40, code.len() - 2] {
        let mut flipped = code.clone().into_bytes();
        flipped[at] = if flipped[at] == b'A' { b'B' } else { b'A' };
        let flipped = String::from_utf8(flipped).unwrap();
        assert_refused(&redeem(&rig, &[("code", &flipped)]).await, ReplyError::CODE_INVALID);
    }
    for (changes, error) in [
        (("appid", "-"), ReplyError::APPID_MISSING),
        (("secret", "-"), ReplyError::SECRET_MISSING),
        (("code", "-"), ReplyError::CODE_MISSING),
        (("grant_type", "-"), ReplyError::GRANT_TYPE_WRONG),
        (("grant_type", "client_credential"), ReplyError::GRANT_TYPE_WRONG),
        (("appid", "wx0000000000000000"), ReplyError::APPID_INVALID),
        (("appid", "x"), ReplyError::APPID_INVALID),
        (("secret", "0123456789abcdef0123456789abcdee"), ReplyError::SECRET_INVALID),
        (("code", "nonsense"), ReplyError::CODE_INVALID),
    ] {
        assert_refused(&redeem(&rig, &[("code", &code), changes]).await, error);
    }
    // None of these used it up.
    rig.clock.advance(5 * MINUTE_MS - 1);
    assert_eq!(redeem(&rig, &[("code", &code)]).await["openid"], OPENID);
    rig.clock.advance(1);
    assert_refused(&redeem(&rig, &[("code", &code)]).await, ReplyError::CODE_USED);
    let late = self::code(&rig, APP, OPENID).await;
    rig.clock.advance(5 * MINUTE_MS);
    assert_refused(&redeem(&rig, &[("code", &late)]).await, ReplyError::CODE_EXPIRED);
}

#[tokio::test]
async fn of_a_hundred_who_redeem_a_code_at_once_one_learns_the_openid() {
    let rig = Arc::new(rig().await);
    let code = code(&rig, APP, OPENID).await;
    let mut calls = JoinSet::new();
    for _ in 0..100 {
        let (rig, code) = (rig.clone(), code.clone());
        calls.spawn(async move { redeem(&rig, &[("code", &code)]).await });
    }
    let answers = calls.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer["openid"] == OPENID).count(), 1);
    for answer in answers.iter().filter(|answer| answer["openid"].is_null()) {
        assert_refused(answer, ReplyError::CODE_USED);
    }
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_does_not_lose_the_code() {
    let rig = rig().await;
    for fault in [Fault::UnknownApplied, Fault::UnknownNotApplied, Fault::Conflict] {
        let code = code(&rig, APP, OPENID).await;
        rig.faults.plan([fault]);
        assert_eq!(redeem(&rig, &[("code", &code)]).await["openid"], OPENID, "{fault:?}");
        assert_refused(&redeem(&rig, &[("code", &code)]).await, ReplyError::CODE_USED);
    }
}

#[tokio::test]
async fn a_code_may_be_redeemed_by_a_form() {
    let rig = rig().await;
    let code = code(&rig, APP, OPENID).await;
    let url = format!("{}/sns/oauth2/access_token?appid={APP}", base(&rig));
    let form = format!("secret={SECRET}&code={code}&grant_type=authorization_code");
    let answer: Value =
        serde_json::from_str(&rig.http.post(url).body(form).send().await.unwrap().text().await.unwrap()).unwrap();
    assert_eq!(answer["openid"], OPENID);
}

#[tokio::test]
async fn a_browser_is_known_by_its_cookie_for_ten_minutes_and_under_one_app() {
    let rig = rig().await;
    let cookie = cookie(&rig, &rig.identity(OPENID)).await;
    sent_to(&go_with(&rig, &authorize(&[]), &format!("a=b; {cookie}")).await);
    let bob = sent_to(&go_with(&rig, &authorize(&[("person", OTHER_OPENID)]), &cookie).await);
    assert_eq!(
        redeem(&rig, &[("code", &param(&bob, "code"))]).await["openid"],
        OTHER_OPENID,
        "one may be somebody else"
    );
    let elsewhere = go_with(&rig, &authorize(&[("appid", OTHER_APP)]), &cookie).await;
    assert_eq!(elsewhere.status(), StatusCode::OK, "it asks who it is");
    let mut flipped = cookie.clone().into_bytes();
    flipped[30] = if flipped[30] == b'A' { b'B' } else { b'A' };
    let flipped = String::from_utf8(flipped).unwrap();
    assert_eq!(go_with(&rig, &authorize(&[]), &flipped).await.status(), StatusCode::OK);
    rig.clock.advance(10 * MINUTE_MS);
    assert_eq!(go_with(&rig, &authorize(&[]), &cookie).await.status(), StatusCode::OK);

    let begin = async |to: &str, assertion: &str| {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("to", to), ("assertion", assertion)])
            .finish();
        let post = browser().post(format!("{}/session", base(&rig))).header("origin", base(&rig));
        let reply = post.body(form).send().await.unwrap();
        (reply.status(), reply.headers().get(SET_COOKIE).cloned(), reply.text().await.unwrap())
    };
    let identity = rig.identity(OPENID);
    assert_eq!(begin("/connect/oauth2/authorize", &identity).await.0, StatusCode::SEE_OTHER);
    let of_a_packet = rig.assertion("1000201411111234567800010001119", &json!({}));
    let foreign = format!("to=/connect&assertion={identity}");
    let foreign =
        browser().post(format!("{}/session", base(&rig))).header("origin", "https://evil.example").body(foreign);
    let reply = foreign.send().await.unwrap();
    assert_eq!((reply.status(), reply.headers().get(SET_COOKIE)), (StatusCode::FORBIDDEN, None));
    for (to, assertion, code) in [
        ("//evil.example", &*identity, "invalid_request"),
        ("http://evil.example", &identity, "invalid_request"),
        ("/connect", &of_a_packet, "assertion_elsewhere"),
        ("/connect", "", "assertion_missing"),
    ] {
        let (status, cookie, text) = begin(to, assertion).await;
        let reply: Value = serde_json::from_str(&text).unwrap();
        assert!(status.is_client_error() && cookie.is_none());
        assert_eq!((&reply["code"], &reply["money_moved"]), (&json!(code), &json!("no")));
    }
}

#[tokio::test]
async fn a_live_platform_believes_the_operators_app_only() {
    let rig = Rig::live().await;
    register(&rig).await;
    let url = format!("https://{}{}", rig.addresses.tls.unwrap(), authorize(&[("person", OPENID)]));
    let client = rig.tls_client(None);
    let page = client.get(&url).send().await.unwrap();
    assert_eq!(page.status(), StatusCode::UNAUTHORIZED);
    assert!(!page.text().await.unwrap().contains("<form"));

    let to = authorize(&[("redirect_uri", "http://127.0.0.1:8081/")]);
    let session = format!("https://{}/session", rig.addresses.tls.unwrap());
    let browser = || {
        let authority = reqwest::Certificate::from_pem(rig.authority.pem.as_bytes()).unwrap();
        let builder = reqwest::Client::builder().tls_certs_only([authority]);
        builder.redirect(reqwest::redirect::Policy::none()).build().unwrap()
    };
    // Outside a sandbox the subject is the operator's own number of the person.
    let form = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("to", &to), ("assertion", &rig.identity("customer 7"))])
        .finish();
    let own = format!("https://{}", rig.addresses.tls.unwrap());
    let reply = browser().post(session).header("origin", own).body(form).send().await.unwrap();
    let cookie = reply.headers()[SET_COOKIE].to_str().unwrap();
    assert!(cookie.contains("; SameSite=None; Secure"), "{cookie}");
    let url = format!("https://{}{to}", rig.addresses.tls.unwrap());
    let reply = browser().get(url).header(COOKIE, cookie.split(';').next().unwrap()).send().await.unwrap();
    let code = param(&sent_to(&reply), "code");
    let query = format!("appid={APP}&secret={SECRET}&code={code}&grant_type=authorization_code");
    let url = format!("https://{}/sns/oauth2/access_token?{query}", rig.addresses.tls.unwrap());
    let answer: Value = serde_json::from_str(&client.get(url).send().await.unwrap().text().await.unwrap()).unwrap();
    let (_, known) = rig.get(&format!("/admin/apps/{APP}/people/customer%207")).await;
    assert_eq!(answer["openid"], known["openid"]);
}

#[tokio::test]
async fn an_account_s_token_is_granted_for_its_secret() {
    let rig = rig().await;
    let grant = async |query: &str| ask(&rig, &format!("/cgi-bin/token?{query}")).await;
    let answer = grant(&format!("grant_type=client_credential&appid={APP}&secret={SECRET}")).await;
    assert_eq!(answer["expires_in"], 7200);
    assert!(answer["access_token"].as_str().unwrap().len() > 40);
    for (query, error) in [
        (format!("grant_type=client_credential&secret={SECRET}"), ReplyError::APPID_MISSING),
        (format!("grant_type=client_credential&appid={APP}"), ReplyError::SECRET_MISSING),
        (format!("grant_type=authorization_code&appid={APP}&secret={SECRET}"), ReplyError::GRANT_TYPE_WRONG),
        (format!("grant_type=client_credential&appid={APP}&secret=x"), ReplyError::SECRET_INVALID),
        (format!("grant_type=client_credential&appid=wx1&secret={SECRET}"), ReplyError::APPID_INVALID),
    ] {
        assert_refused(&grant(&query).await, error);
    }
}
