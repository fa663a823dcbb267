//! How do the tables read as a page? `docs/protocol.md`, in Chinese and English, made of them and of nothing else.

use std::fmt::Write as _;

use crate::choices::{CHOICES, ChoiceKind};
use crate::endpoint::{Endpoint, Family, Field, Need, Origin, Presence, ReplyField, Signed, SignedReplies};
use crate::error_code::{Certainty, ErrorCode};
use crate::oauth::{PageError, ReplyError};
use crate::words::{Words, words};

const HEAD: &str = "\
<!-- Made of the tables in crates/hongbao-wire: change those, then `cargo xtask reference`. -->

# 协议参考 · Protocol reference

商户协议的全部接口：字段、响应、错误码，以及本平台与微信支付的不同之处。本页由代码中的表生成，平台的解析、校验、响应也出自同一张表。

Every call of the merchants' protocol: fields, replies, error codes, and where the platform differs from WeChat Pay. This page is made
of the tables in the code that drive parsing, checks and replies.

- 所有接口为 `POST`，请求和响应都是 XML（根元素任意，一层子元素，字符串用 CDATA），业务错误的 HTTP 状态也是 200。
  All calls are `POST`, XML both ways (any root, one level of elements, texts in CDATA); business errors are HTTP 200, too.
- 签名：非空字段按名称逐字节排序，`k=v` 用 `&` 连接，加 `&key=` 和密钥，MD5 大写。
  Signature: non-empty fields sorted by name byte by byte, `k=v` joined by `&`, then `&key=` and the key; MD5 in upper case.
- 金额单位为分，时间为北京时间。长度按字符计。
  Amounts are in fen, times are Beijing time, lengths are characters.
- `PARAM_ERROR` 的文本前缀为 `参数错误:`。The texts of `PARAM_ERROR` begin with `参数错误:`.
- 判断顺序 · Order of checks: XML → 字段 fields → 证书 certificate → 签名 signature → 应用 app → 产品 product → IP → 单号 number → 限额与余额 limits, balance.
";

/// The whole page.
pub fn page() -> String {
    let mut page = HEAD.to_owned();
    page.push_str("\n## 接口 · Calls\n\n| 接口 Call | 说明 | |\n|---|---|---|\n");
    for endpoint in Endpoint::ALL {
        line(&mut page, &[&format!("[`{0}`](#{0})", endpoint.name), endpoint.title.zh, endpoint.title.en]);
    }
    for endpoint in Endpoint::ALL {
        describe(&mut page, endpoint);
    }
    error_codes(&mut page);
    oauth(&mut page);
    choices(&mut page);
    page
}

fn line(page: &mut String, cells: &[&str]) {
    for cell in cells {
        page.extend(["| ", &cell.replace('|', "\\|").replace('*', "\\*"), " "]);
    }
    page.push_str("|\n");
}

fn both(words: Words) -> String {
    format!("{}<br>{}", words.zh, words.en)
}

fn code(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("`{text}`") }
}

fn describe(page: &mut String, endpoint: &Endpoint) {
    let certificate =
        if endpoint.needs_certificate { "需要证书 client certificate" } else { "无需证书 no certificate" };
    let signed = match endpoint.signed_replies {
        SignedReplies::None => "响应无签名 replies unsigned",
        SignedReplies::Successes => "成功响应有签名（兼容模式） successes signed in compatible mode",
        SignedReplies::All => "响应有签名（兼容模式） replies signed in compatible mode",
    };
    // Writing to a text does not fail.
    let _ = write!(
        page,
        "\n## {}\n\n{} · {}\n\n`POST {}` · {certificate} · {signed} · 官方文档 official page: {}\n",
        endpoint.name, endpoint.title.zh, endpoint.title.en, endpoint.path, endpoint.page
    );
    if let Some(note) = endpoint.note {
        let _ = write!(page, "\n> {}\n> {}\n", note.zh, note.en);
    }
    page.push_str("\n### 请求 · Request\n\n");
    page.push_str(
        "| 字段 Field | 必填 Required | 类型 Type | 签名 Signed | 说明 Meaning | 错误文本 Text | 来源 Source |\n",
    );
    page.push_str("|---|---|---|---|---|---|---|\n");
    for field in endpoint.fields {
        describe_field(page, endpoint, field);
    }
    page.push_str(
        "\n### 响应 · Reply\n\n| 元素 Element | 成功 Success | 失败 Error | 说明 Meaning |\n|---|---|---|---|\n",
    );
    for row in endpoint.reply {
        describe_reply_field(page, row);
    }
}

/// Whether a field must be there, in words.
pub fn need(field: &Field) -> Words {
    match field.need {
        // Missing, one that is judged later is as wrong as a wrong one; only the words are others.
        Need::Required | Need::JudgedLater => words("是", "yes"),
        Need::Optional => words("否", "no"),
        Need::ByAmount => words("按金额", "by amount"),
        Need::When(..) => words("有条件", "depends"),
        Need::Either(_) => words("二选一", "one of two"),
    }
}

fn describe_field(page: &mut String, endpoint: &Endpoint, field: &Field) {
    let signed = match field.signed {
        _ if field.name == "sign" => "–",
        Signed::Yes => "✓",
        Signed::Chosen => "✓ (Chosen)",
        Signed::No => "–",
    };
    let need = need(field);
    let need = if need.zh == "是" || need.zh == "否" { format!("{} {}", need.zh, need.en) } else { both(need) };
    let texts = if field.malformed == field.refusal || field.malformed.is_empty() {
        code(field.refusal)
    } else {
        format!("{}<br>{}", code(field.refusal), code(field.malformed))
    };
    let mut meaning = both(field.meaning);
    if !field.example.is_empty() {
        let _ = write!(meaning, "<br>例 e.g. {}", code(field.example));
    }
    let source = format!("{}<br>{}–", field.source, field.since);
    line(page, &[&code(field.name), &need, &field.type_name(endpoint), signed, &meaning, &texts, &source]);
}

fn describe_reply_field(page: &mut String, row: &ReplyField) {
    let presence = |presence| match presence {
        Presence::Always => "✓",
        Presence::Sometimes | Presence::IfComplained => "（✓）",
        Presence::Never => "–",
    };
    let until = row.until.map(|generation| format!(" ≤ {}", generation.name())).unwrap_or_default();
    let repeated = if row.origin == Origin::Echo { " ↩" } else { "" };
    line(
        page,
        &[
            &format!("{}{repeated}", code(row.name)),
            &format!("{}{until}", presence(row.on_success)),
            presence(row.on_failure),
            &both(row.meaning),
        ],
    );
}

fn error_codes(page: &mut String) {
    page.push_str("\n## 错误码 · Error codes\n\n");
    page.push_str(
        "“钱动了吗”只针对返回该错误的这一次调用；同一单号之前的调用可能已付款。不在表中的代码一律视为可能已付款。\n\n",
    );
    page.push_str("“Moved” is about the one call that got the code; an earlier one with the same number may have moved money. A code that is not in\nthis table may have moved money.\n\n");
    page.push_str("| 代码 Code | 年代 Era | 文本 Text | 如何产生 How it comes about | 钱动了吗 Moved | 占用单号 Number taken | 怎么办 What to do |\n");
    page.push_str("|---|---|---|---|---|---|---|\n");
    for error in ErrorCode::ALL {
        let certainty = by_family(|family| match error.certainty(family) {
            Certainty::NothingMoved => "否 no".to_owned(),
            Certainty::MayHaveMoved => "可能 maybe".to_owned(),
        });
        let taken = if error.landed() {
            "是 yes"
        } else if error.may_have_landed() {
            "可能 maybe"
        } else {
            "否 no"
        };
        let next = by_family(|family| both(error.next_step(family).words()));
        line(
            page,
            &[&code(error.as_str()), error.era(), &code(error.text()), &both(error.cause()), &certainty, taken, &next],
        );
    }
}

/// What is said of packets, and of transfers where that is something else.
fn by_family(words: impl Fn(Family) -> String) -> String {
    let (of_packets, of_transfers) = (words(Family::Packets), words(Family::Transfers));
    if of_packets == of_transfers {
        of_packets
    } else {
        format!("{of_packets}<br>企业付款 transfers: {of_transfers}")
    }
}

const OAUTH: &str = "
## 网页授权 · Web authorisation

商户的网页由此得知来访者的 openid，流程与微信相同。How a merchant's page learns a visitor's openid, as with WeChat:

1. `GET /connect/oauth2/authorize?appid=…&redirect_uri=…&response_type=code&scope=snsapi_base&state=…#wechat_redirect`
   → 302 `redirect_uri?code=…&state=…`。code 只能用一次，五分钟有效。The code is good once, and for five minutes.
2. `GET /sns/oauth2/access_token?appid=…&secret=…&code=…&grant_type=authorization_code`
   → `{\"access_token\",\"expires_in\":7200,\"refresh_token\",\"openid\",\"scope\"}`

`GET /cgi-bin/token?grant_type=client_credential&appid=…&secret=…` → `{\"access_token\",\"expires_in\":7200}`

";

fn oauth(page: &mut String) {
    page.push_str(OAUTH);
    page.push_str("第一步的错误显示为网页，不跳转。Errors of step 1 are a page; nobody is sent on.\n\n");
    page.push_str("| 代码 Code | 文本 Text | 如何产生 How it comes about |\n|---|---|---|\n");
    for error in PageError::ALL {
        let text = format!("{}<br>{}", code(error.text.zh), error.text.en);
        line(page, &[&code(&error.code.to_string()), &text, &both(error.cause)]);
    }
    page.push_str("\n其余的错误为 HTTP 200 和 `{\"errcode\",\"errmsg\"}`，`errmsg` 以 `, rid: …` 结尾。All other errors are HTTP 200 and\n`{\"errcode\",\"errmsg\"}`, where `errmsg` ends in `, rid: …`.\n\n");
    page.push_str("| `errcode` | `errmsg` | 如何产生 How it comes about |\n|---|---|---|\n");
    for error in ReplyError::ALL {
        line(page, &[&code(&error.code.to_string()), &code(error.text), &both(error.cause)]);
    }
}

fn choices(page: &mut String) {
    page.push_str("\n## 与微信支付的不同 · Where the platform differs\n\n");
    page.push_str("**Differs**：已知或相信微信支付不同 · WeChat Pay is known or believed to do otherwise. **Chosen**：无人知晓，由本平台选定 · nobody knows; this is what the platform does.\n\n");
    page.push_str("| | 说明 What |\n|---|---|\n");
    for choice in CHOICES {
        let kind = match choice.kind {
            ChoiceKind::Differs => "Differs",
            ChoiceKind::Chosen => "Chosen",
        };
        line(page, &[kind, &both(choice.what)]);
    }
}
