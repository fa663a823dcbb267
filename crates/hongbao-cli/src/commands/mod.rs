//! What does each command do? One file per command.

mod app;
mod audit;
mod claim;
mod demo;
mod dev;
mod merchant;
mod query;
mod sandbox;
mod send;
mod serve;
mod topup;

use std::process::ExitCode;

use crate::admin_client::AdminClient;
use crate::args::{AppCommand, Command, MerchantCommand, ProfileArgs, SandboxCommand};
use crate::error::Result;
use crate::profile::Profile;

pub(crate) async fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Demo => demo::run().await,
        Command::Dev(args) => dev::run(args).await,
        Command::Serve(args) => serve::run(args).await,
        Command::Send(args) => send::run(args).await,
        Command::Query(args) => query::run(args).await,
        Command::Claim(args) => claim::run(args).await,
        Command::Merchant(MerchantCommand::Add(args)) => merchant::add(args).await,
        Command::App(AppCommand::Add(args)) => app::add(args).await,
        Command::Topup(args) => topup::run(args).await,
        Command::Sandbox(SandboxCommand::Clock(args)) => sandbox::clock(args).await,
        Command::Audit(args) => audit::run(args).await,
    }
}

fn admin(args: &ProfileArgs) -> Result<AdminClient> {
    AdminClient::new(&Profile::read(&args.profile)?.admin(&args.profile)?)
}
