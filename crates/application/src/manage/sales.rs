//! Sales.

use super::Saved;
use crate::port::{PerformanceRepository, SaleRepository, Stored};
use crate::{Conflict, Error, Missing};
use frontrow_domain::{PerformanceStatus, Sale, SaleId};
use std::sync::Arc;

/// Puts and publishes sales.
pub struct ManageSales {
    /// Keeps them.
    pub sales: Arc<dyn SaleRepository>,
    /// What they sell.
    pub performances: Arc<dyn PerformanceRepository>,
}

impl ManageSales {
    /// Adds or replaces a sale. Whether it is public stays what it is (a new one is not); once it is, performances can be
    /// added to it, not taken away.
    pub async fn put(&self, sale: &Sale) -> Result<Saved, Error> {
        sale.check()?;
        let read = self.sales.sale(sale.id).await?;
        let published = read.as_ref().is_some_and(|stored| stored.value.published);
        let sale = Sale { published, ..sale.clone() };
        if read.as_ref().is_some_and(|stored| published && !sale.performances.is_superset(&stored.value.performances)) {
            return Err(Conflict::SalePublic.into());
        }
        self.check_performances(&sale).await?;
        self.sales.save_sale(&sale, read.as_ref().map(|stored| stored.revision)).await?;
        Ok(Saved::over(read.as_ref()))
    }

    /// Shows the sale to buyers; its performances have to be public.
    pub async fn publish(&self, id: SaleId) -> Result<Sale, Error> {
        let Stored { value, revision } = self.sales.sale(id).await?.ok_or(Error::NotFound(Missing::Sale))?;
        if value.published {
            return Ok(value);
        }
        let sale = Sale { published: true, ..value };
        self.check_performances(&sale).await?;
        self.sales.save_sale(&sale, Some(revision)).await?;
        Ok(sale)
    }

    async fn check_performances(&self, sale: &Sale) -> Result<(), Error> {
        for id in &sale.performances {
            let stored = self.performances.performance(*id).await?.ok_or(Error::NotFound(Missing::Performance))?;
            if sale.published && stored.value.status == PerformanceStatus::Draft {
                return Err(Conflict::PerformanceNotPublic.into());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::{MockPerformanceRepository, MockSaleRepository, Revision};
    use crate::testing::{performance, sale};
    use frontrow_domain::{Performance, PerformanceId};
    use std::collections::BTreeSet;
    use uuid::Uuid;

    fn manage(stored: Sale, status: PerformanceStatus) -> ManageSales {
        let (mut sales, mut performances) = (MockSaleRepository::new(), MockPerformanceRepository::new());
        let stored = Stored { value: stored, revision: Revision(1) };
        sales.expect_sale().returning(move |_| Ok(Some(stored.clone())));
        sales.expect_save_sale().returning(|_, _| Ok(()));
        let value = Performance { status, ..performance() };
        let found = Stored { value, revision: Revision(1) };
        performances.expect_performance().returning(move |_| Ok(Some(found.clone())));
        ManageSales { sales: Arc::new(sales), performances: Arc::new(performances) }
    }

    #[tokio::test]
    async fn a_public_sale_keeps_its_performances() {
        let other = PerformanceId::new(Uuid::from_u128(77));
        let more = Sale { performances: sale(0).performances.into_iter().chain([other]).collect(), ..sale(0) };
        let less = Sale { performances: BTreeSet::from([other]), ..sale(0) };
        let manage = manage(sale(0), PerformanceStatus::Published);
        assert_eq!(manage.put(&more).await, Ok(Saved::Replaced));
        assert_eq!(manage.put(&less).await, Err(Conflict::SalePublic.into()));
    }

    #[tokio::test]
    async fn performances_are_published_before_their_sale() {
        let hidden = Sale { published: false, ..sale(0) };
        let refused = manage(hidden.clone(), PerformanceStatus::Draft).publish(hidden.id).await;
        assert_eq!(refused, Err(Conflict::PerformanceNotPublic.into()));
        assert!(manage(hidden.clone(), PerformanceStatus::Published).publish(hidden.id).await.unwrap().published);
    }
}
