//! Halls, and performances in them that are on sale.

use super::Client;
use anyhow::{Context, Result, ensure};
use hyper::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

/// How a performance is sold.
#[derive(Clone, Copy)]
pub struct Terms {
    /// Rows of 100 seats in section A: `A-1-1` to `A-{rows}-100`.
    pub rows: u32,
    /// Price of every seat.
    pub price: i64,
    pub limit_per_person: u32,
    pub hold_seconds: u32,
}

/// A performance that is on sale.
#[derive(Clone, Copy, Debug)]
pub struct Show {
    pub performance: Uuid,
}

/// A venue with one seat map, and the concert that is played there.
#[derive(Clone, Copy)]
pub struct Hall {
    venue: Uuid,
    pub concert: Uuid,
}

/// An id that nobody has had.
fn id() -> Result<Uuid> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).context("no randomness")?;
    Ok(Uuid::from_bytes(bytes))
}

impl Default for Terms {
    fn default() -> Self {
        Self { rows: 1, price: 1000, limit_per_person: 50, hold_seconds: 300 }
    }
}

impl Terms {
    fn sections(self) -> Value {
        let rows: Vec<Value> =
            (1..=self.rows).map(|row| json!({"name": row.to_string(), "seats": 100, "tier": "R"})).collect();
        json!([{"name": "A", "kind": "seated", "rows": rows}])
    }
}

impl Show {
    /// Publishes a performance in a venue of its own.
    pub async fn publish(operator: &mut Client, terms: Terms) -> Result<Self> {
        Self::publish_as(operator, terms, id()?, &json!({})).await
    }

    /// The same, with a sale of that id; fields of it that are named here are as they are here.
    pub async fn publish_as(operator: &mut Client, terms: Terms, sale: Uuid, fields: &Value) -> Result<Self> {
        Hall::build(operator, &terms.sections()).await?.publish_as(operator, terms, sale, fields).await
    }

    /// The same in a hall of these sections, whose seats are of tier `R`.
    #[allow(dead_code, reason = "the benchmarks publish no other halls")]
    pub async fn publish_hall(operator: &mut Client, terms: Terms, sections: &Value) -> Result<Self> {
        Hall::build(operator, sections).await?.publish_as(operator, terms, id()?, &json!({})).await
    }
}

impl Hall {
    /// Rows as the terms say, for any number of performances.
    #[allow(dead_code, reason = "the tests publish one performance a hall")]
    pub async fn of(operator: &mut Client, terms: Terms) -> Result<Self> {
        Self::build(operator, &terms.sections()).await
    }

    /// Publishes one more performance, in a sale of its own.
    #[allow(dead_code, reason = "the tests publish one performance a hall")]
    pub async fn publish(self, operator: &mut Client, terms: Terms) -> Result<Show> {
        self.publish_as(operator, terms, id()?, &json!({})).await
    }

    async fn build(operator: &mut Client, sections: &Value) -> Result<Self> {
        let (venue, concert) = (id()?, id()?);
        put(operator, &format!("venues/{venue}"), json!({"name": "Hall", "time_zone": "Asia/Seoul"})).await?;
        put(operator, &format!("venues/{venue}/seat-maps/1"), json!({"sections": sections})).await?;
        put(operator, &format!("concerts/{concert}"), json!({"title": "Night", "artist": "The Band"})).await?;
        Ok(Self { venue, concert })
    }

    async fn publish_as(self, operator: &mut Client, terms: Terms, sale: Uuid, fields: &Value) -> Result<Show> {
        let performance = id()?;
        put(operator, &format!("performances/{performance}"), described(self, terms)).await?;
        put(operator, &format!("sales/{sale}"), sold(performance, terms, fields)).await?;
        for path in [format!("performances/{performance}"), format!("sales/{sale}")] {
            let published = operator.ask(Method::POST, &format!("/v1/{path}/publication"), None, None).await?;
            ensure!(published.status.is_success(), "{path}: {} {}", published.status, published.body);
        }
        Ok(Show { performance })
    }
}

async fn put(operator: &mut Client, path: &str, body: Value) -> Result<()> {
    operator.ask(Method::PUT, &format!("/v1/{path}"), None, Some(body)).await?.expect(StatusCode::CREATED).map(drop)
}

fn described(hall: Hall, terms: Terms) -> Value {
    json!({
        "concert_id": hall.concert,
        "venue_id": hall.venue,
        "seat_map_version": 1,
        "starts_at": "2099-12-31T20:00:00Z",
        "prices": {
            "tiers": [{"code": "R", "name": "Royal", "list_price": terms.price}],
            "types": [{"code": "adult", "name": "Adult", "discount_percent": 0}],
            "fee": 0,
            "tax_basis_points": 0,
        },
    })
}

/// On sale as long as anybody will run this.
fn sold(performance: Uuid, terms: Terms, fields: &Value) -> Value {
    let mut sale = json!({
        "name": "General sale",
        "performances": [performance],
        "opens": "2020-01-01T00:00:00Z",
        "closes": "2099-12-31T00:00:00Z",
        "pay_until": "2099-12-31T00:00:00Z",
        "cancel_until": "2099-12-31T00:00:00Z",
        "limit_per_person": terms.limit_per_person,
        "hold_seconds": terms.hold_seconds,
    });
    for (name, value) in fields.as_object().into_iter().flatten() {
        sale[name] = value.clone();
    }
    sale
}
