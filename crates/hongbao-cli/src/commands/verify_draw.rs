//! `hongbao verify-draw`: were the shares of a packet what its seed says, and is the seed the one that was committed to?
//! By the algorithm of `docs/draw.md`.

use std::process::ExitCode;

use hongbao_engine::draw::{DrawRule, DrawSeed};
use hongbao_types::Fen;
use serde_json::{Value, json};

use crate::args::VerifyDrawArgs;
use crate::error::{Explain, Failure, Result};
use crate::files::read_input;
use crate::output::{Output, plain, say};
use crate::people_client;
use crate::profile::{Profile, named};

/// The most that is read: a packet of ten thousand shares.
const READ_MAX: u64 = 8 * 1024 * 1024;

pub(crate) async fn run(args: VerifyDrawArgs, output: Output) -> Result<ExitCode> {
    let packet = match &args.file {
        Some(file) => {
            let (name, body) = read_input(file, READ_MAX)?;
            serde_json::from_slice(&body).explain(format!("no JSON: {name}"))?
        }
        None => ask(&args).await?,
    };
    let draw = Draw::read(&packet)?;
    let shares = draw.seed.shares(draw.rule, draw.total, draw.count);
    let shares = shares.ok_or_else(|| Failure::new("the packet has not a fen for each of its shares"))?;
    let is_committed = hex::encode(draw.seed.commitment()) == draw.commitment;
    let opened: Vec<(usize, Fen, &str)> = opened(&packet)?;
    let wrong: Vec<usize> = opened
        .iter()
        .filter(|(place, amount, _)| place.checked_sub(1).and_then(|index| shares.get(index)) != Some(amount))
        .map(|(place, ..)| *place)
        .collect();
    let is_right = is_committed && wrong.is_empty();
    let object = json!({
        "packet_id": packet["packet_id"],
        "is_right": is_right,
        "is_committed": is_committed,
        "wrong_places": wrong,
        "shares_fen": shares.iter().map(|share| share.as_i64()).collect::<Vec<_>>(),
    });
    output.result(object, || {
        let says = if is_committed { "the SHA-256 of the seed" } else { "NOT the SHA-256 of the seed" };
        say!("commitment  {says}");
        for (index, share) in shares.iter().enumerate() {
            let place = index + 1;
            let found = opened.iter().find(|(opened, ..)| *opened == place);
            let said = match found {
                None => "not opened, or not listed".to_owned(),
                Some((_, amount, who)) if amount == share => format!("opened by {}", plain(who)),
                Some((_, amount, who)) => format!("NOT what {} opened: {amount} fen", plain(who)),
            };
            say!("{:<11} {share} fen  {said}", format!("share {place}"));
        }
        say!("draw        {}", if is_right { "as it was committed to" } else { "WRONG" });
    });
    Ok(if is_right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The packet with all of its shares.
async fn ask(args: &VerifyDrawArgs) -> Result<Value> {
    let path = &args.profile.profile;
    let app = Profile::read(path)?.app(path)?;
    let openid = named(args.openid.clone(), app.person.as_ref(), "--as")?;
    let id = args.packet.as_ref().ok_or_else(|| Failure::new("name a packet, or a --file"))?;
    let link = args.link.as_deref();
    let mut packet = people_client::packet(&app, &openid, id, link, "").await?;
    let mut next = packet["next"].as_u64();
    while let Some(before) = next {
        let mut page = people_client::packet(&app, &openid, id, link, &format!("?before={before}")).await?;
        if let (Some(shares), Some(more)) = (packet["shares"].as_array_mut(), page["shares"].as_array_mut()) {
            shares.append(more);
        }
        next = page["next"].as_u64();
    }
    Ok(packet)
}

struct Draw {
    rule: DrawRule,
    seed: DrawSeed,
    commitment: String,
    total: Fen,
    count: u32,
}

impl Draw {
    fn read(packet: &Value) -> Result<Draw> {
        let draw = &packet["draw"];
        if draw.is_null() {
            return Err(Failure::new("nothing was drawn").hint("the packet is in one piece, or the file is no packet"));
        }
        if draw["seed"].is_null() {
            return Err(Failure::new("the packet is not finished")
                .hint("its seed is told once every share was opened, or the rest went back"));
        }
        let nonsense = || Failure::new("the packet can't be read: it is what GET /packets/… answers");
        let text = |value: &Value| value.as_str().map(str::to_owned).ok_or_else(nonsense);
        if draw["algorithm"] != "hongbao/draw/1" {
            return Err(Failure::new("the packet was drawn by an algorithm that is not known here")
                .hint("use the version of hongbao that the platform runs"));
        }
        let mut seed = [0; 32];
        hex::decode_to_slice(text(&draw["seed"])?, &mut seed).map_err(|_| nonsense())?;
        Ok(Draw {
            rule: DrawRule::from_name(&text(&draw["rule"])?).ok_or_else(nonsense)?,
            seed: DrawSeed::new(seed),
            commitment: text(&draw["commitment"])?,
            total: fen(&packet["total_fen"]).ok_or_else(nonsense)?,
            count: packet["share_count"].as_u64().and_then(|count| count.try_into().ok()).ok_or_else(nonsense)?,
        })
    }
}

/// The places, amounts and people of the shares that were opened.
fn opened(packet: &Value) -> Result<Vec<(usize, Fen, &str)>> {
    let shares = packet["shares"].as_array().into_iter().flatten().map(|share| {
        let place = share["place"].as_u64().and_then(|place| place.try_into().ok())?;
        Some((place, fen(&share["amount_fen"])?, share["openid"].as_str()?))
    });
    shares.collect::<Option<_>>().ok_or_else(|| Failure::new("the packet's shares can't be read"))
}

fn fen(amount: &Value) -> Option<Fen> {
    Fen::try_new(amount.as_i64()?).ok()
}
