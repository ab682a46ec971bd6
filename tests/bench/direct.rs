//! A turn without HTTP: the same commands, given to the store that the server has, too.

use crate::driver::{CUSTOMERS, Show};
use crate::{Job, Turn, deal, timed};
use anyhow::{Context, Result, ensure};
use frontrow_application::Ports;
use frontrow_application::port::{BookingStore, OnSale};
use frontrow_domain::{
    Command, CommandKey, Hold, Outcome, Pay, PaymentId, PerformanceId, Reservation, ReservationId, SaleTerms,
    SeatNumber, TransferId, UserId, What,
};
use frontrow_server::house::House;
use frontrow_server::keys::Keys;
use frontrow_server::settings::{Given, Settings};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// The database of a server, opened beside it.
pub struct Direct {
    house: House,
    customers: Vec<UserId>,
}

impl Direct {
    /// Opens what the server keeps in that directory, as the server does.
    pub async fn open(directory: &Path) -> Result<Self> {
        let path = |name: &str| directory.join(name).display().to_string();
        let environment = BTreeMap::from([
            ("FRONTROW_DATABASE_URL".to_owned(), format!("sqlite://{}", path("frontrow.sqlite"))),
            ("FRONTROW_KEYS_FILE".to_owned(), path("keys.json")),
        ]);
        let given = Given { directory: directory.to_owned(), environment, ..Given::default() };
        let settings = Settings::load(&given)?;
        let house = House::open(&settings, &Keys::load_or_create(&settings.keys_file)?).await?;
        let mut customers = Vec::with_capacity(CUSTOMERS);
        for n in 0..CUSTOMERS {
            let email = format!("customer-{n}@example.com").parse()?;
            customers.push(house.ports.accounts.by_email(&email).await?.context("no such customer")?.user.id);
        }
        Ok(Self { house, customers })
    }

    /// Lets go of the database.
    pub async fn close(self) {
        self.house.close().await;
    }

    /// Everybody's jobs by that many callers.
    pub async fn turn(&self, show: Show, callers: usize) -> Result<Turn> {
        let ports = &self.house.ports;
        let on_sale = ports.on_sale.on_sale(PerformanceId::new(show.performance)).await?;
        let on_sale = on_sale.context("not on sale")?;
        let caller = |jobs| hold(ports.clone(), Arc::clone(&on_sale), self.with_users(jobs));
        let (held, holds) = timed(deal(callers).into_iter().map(caller).collect()).await?;
        let terms = terms(&on_sale)?;
        let caller = |reservations| pay(ports.clone(), terms.clone(), reservations);
        let (_, payments) = timed(held.into_iter().map(caller).collect()).await?;
        Ok(Turn { holds, payments })
    }

    fn with_users(&self, jobs: Vec<Job>) -> Vec<(Job, UserId)> {
        jobs.into_iter().map(|job| (job, self.customers[job.customer])).collect()
    }
}

fn terms(on_sale: &OnSale) -> Result<SaleTerms> {
    Ok(on_sale.sales.first().context("no sale")?.terms())
}

async fn hold(ports: Ports, on_sale: Arc<OnSale>, jobs: Vec<(Job, UserId)>) -> Result<Vec<Reservation>> {
    let mut reservations = Vec::with_capacity(jobs.len());
    for (job, user) in jobs {
        let seat = SeatNumber::new(u32::try_from(job.seat)? + 1).context("a seat")?;
        let line = on_sale.performance.prices.line(seat, "R", None).context("a price")?;
        let id = ports.ids.id();
        let hold = Hold {
            reservation: ReservationId::new(id),
            performance: on_sale.performance.id,
            user,
            terms: terms(&on_sale)?,
            lines: vec![line],
        };
        let key = CommandKey::new(user, id.to_string())?;
        if let Outcome::Held(reservation) = execute(&*ports.store, key, What::Hold(hold)).await? {
            reservations.push(reservation);
        }
    }
    Ok(reservations)
}

async fn pay(ports: Ports, terms: SaleTerms, reservations: Vec<Reservation>) -> Result<Vec<()>> {
    let mut paid = Vec::with_capacity(reservations.len());
    for reservation in reservations {
        let id = ports.ids.id();
        let pay = Pay {
            reservation: reservation.id,
            performance: reservation.performance,
            seats: reservation.seats().collect(),
            user: reservation.user,
            terms: terms.clone(),
            payment: PaymentId::new(id),
            transfer: TransferId::new(ports.ids.id()),
        };
        let key = CommandKey::new(reservation.user, id.to_string())?;
        let outcome = execute(&*ports.store, key, What::Pay(pay)).await?;
        ensure!(matches!(outcome, Outcome::Paid { .. }), "{outcome:?}");
        paid.push(());
    }
    Ok(paid)
}

async fn execute(store: &dyn BookingStore, key: CommandKey, what: What) -> Result<Outcome> {
    Ok(store.execute(Command::keyed(key, [0; 32], what)).await?)
}
