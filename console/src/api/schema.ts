/**
 * Every route of the API with its query, its body and its answer. Written by scripts/api-types.ts from the server's
 * OpenAPI document; change the routes and run it again.
 */
export interface Api {
  "DELETE /v1/api-keys/{id}": {
    answer: null;
  };
  "DELETE /v1/inbound-endpoints/{id}": {
    answer: {
      endpoint_id: string;
      kind: string;
      name: string;
      reference: string | null;
      enabled: boolean;
      revoked_at: string | null;
      created_at: string;
      secrets: ({
        secret_id: string;
        created_at: string;
        good_until: string | null;
      })[];
    };
  };
  "DELETE /v1/metering/csv-mappings/{name}": {
    answer: {
      mapping_id: string;
      name: string;
      definition: {
        delimiter: "," | ";" | "\t" | "|";
        encoding: "utf-8" | "utf-16le" | "iso-8859-1" | "windows-1252";
        decimal_mark: "." | ",";
        skip_lines: number;
        header: boolean;
        meter: {
          column: string | number;
        } | {
          value: string;
        };
        register: {
          column: string | number;
        } | {
          value: string;
        };
        org?: {
          column: string | number;
        } | {
          value: string;
        };
        unit: {
          column: string | number;
        } | {
          value: string;
        };
        flow?: "import" | "export";
        commodity: "electricity" | "gas" | "water" | "heat";
        time: {
          columns: (string | number)[];
          format: string;
          zone?: string;
          marks: "start" | "end";
          overlap: "in_order" | "earlier" | "later" | "refuse";
        };
        interval_minutes: number;
        quantity: {
          column: string | number;
        } | {
          first_column: string | number;
          columns: number;
          counts: "clock" | "elapsed";
        };
        quality: {
          value: "A" | "S" | "F" | "E" | "N" | "V";
        } | {
          column: string | number;
          map: Record<string, "A" | "S" | "F" | "E" | "N" | "V">;
          otherwise?: "A" | "S" | "F" | "E" | "N" | "V";
        };
      };
      created_at: string;
      updated_at: string;
    };
  };
  "DELETE /v1/metering/reading-rules/{id}": {
    answer: {
      rule_id: string;
      sku: string | null;
      meter_id: string | null;
      kind: "below_min" | "above_max" | "spike" | "zeros" | "negative" | "backwards" | "future" | "unit_mismatch" | "no_occupant";
      action: "accept_and_flag" | "hold";
      threshold: string | null;
      created_at: string;
    };
  };
  "DELETE /v1/orgs/{id}/members/{user_id}": {
    answer: null;
  };
  "DELETE /v1/session": {
    answer: null;
  };
  "DELETE /v1/webhooks/{id}": {
    answer: {
      webhook_id: string;
      org_id: string | null;
      managed_by: "tenant" | "organization";
      url: string;
      event_types: string[];
      schedule: "standard" | "extended";
      description: string | null;
      status: "enabled" | "disabled";
      disabled_reason: "on_request" | "gone" | "failing" | "deleted" | null;
      disabled_at: string | null;
      version: number;
      created_at: string;
      failing_since: string | null;
      paused_until: string | null;
    };
  };
  "GET /v1/api-keys": {
    query: {
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        api_key_id: string;
        name: string;
        prefix: string;
        last_four: string;
        scopes: string[];
        org_id: string | null;
        created_by: string;
        created_at: string;
        expires_at: string | null;
        revoked_at: string | null;
        last_used_at: string | null;
      })[];
      next_cursor: string | null;
    };
  };
  "GET /v1/audit-entries": {
    query: {
      target_type?: string;
      target_id?: string;
      action?: string;
      from?: string;
      to?: string;
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        audit_id: string;
        at: string;
        actor: {
          kind: "user" | "api_key" | "system";
          id: string;
          name: string | null;
        };
        action: string;
        target_type: string;
        target_id: string;
        org_id: string | null;
        before: unknown;
        after: unknown;
        request_id: string | null;
      })[];
      next_cursor: string | null;
    };
  };
  "GET /v1/billing/cycles": {
    query: {
      limit?: number;
      cursor?: string;
      org_id?: string;
    };
    answer: {
      data: ({
        cycle_id: string;
        org_id: string;
        from: string;
        to: string;
        time_zone: string;
        from_at: string;
        to_at: string;
        closed_at: string;
        closed_by: "scheduler" | "run";
        run: {
          run_id: string;
          status: "queued" | "running" | "completed" | "failed";
          invoices: number;
          errors: number;
        } | null;
        refusal: {
          code: string;
          detail: string;
        } | null;
      })[];
      next_cursor: string | null;
    };
  };
  "GET /v1/billing/cycles/upcoming": {
    query: {
      limit?: number;
      cursor?: string;
      org_id?: string;
    };
    answer: {
      data: ({
        org_id: string;
        from: string;
        to: string;
        time_zone: string;
        ends_at: string;
        closes_at: string;
        failures: number;
      })[];
      next_cursor: string | null;
    };
  };
  "GET /v1/billing/runs": {
    query: {
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        run_id: string;
        from: string;
        to: string;
        org_id: string | null;
        status: "queued" | "running" | "completed" | "failed";
        progress: {
          total: number;
          done: number;
        };
        invoices: number;
        already_billed: number;
        errors: ({
          org_id?: string;
          subscription_id?: string;
          code: string;
          detail: string;
        })[];
        created_at: string;
        finished_at: string | null;
      })[];
      next_cursor: string | null;
    };
  };
  "GET /v1/billing/runs/{id}": {
    answer: {
      run_id: string;
      from: string;
      to: string;
      org_id: string | null;
      status: "queued" | "running" | "completed" | "failed";
      progress: {
        total: number;
        done: number;
      };
      invoices: number;
      already_billed: number;
      errors: ({
        org_id?: string;
        subscription_id?: string;
        code: string;
        detail: string;
      })[];
      created_at: string;
      finished_at: string | null;
    };
  };
  "GET /v1/billing/settings": {
    answer: {
      automatic: boolean;
      grace: string;
      from: string | null;
      switched_on_at: string | null;
    };
  };
  "GET /v1/business-models": {
    query: {
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        model_id: string;
        code: string;
        name: string;
        status: "active" | "retired";
        version: number;
        currency: string;
        default_plan_id: string | null;
        created_at: string;
      })[];
      next_cursor: string | null;
    };
  };
  "GET /v1/business-models/{model_id}": {
    answer: {
      model_id: string;
      code: string;
      name: string;
      status: "active" | "retired";
      version: number;
      currency: string;
      default_plan_id: string | null;
      created_at: string;
    };
  };
  "GET /v1/checkpoints": {
    query: {
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        tenant_id: string;
        size: number;
        root: string;
        signed_at: string;
        kid: string;
        jws: string;
        previous_size: number | null;
        consistency: string[];
      })[];
      next_cursor: string | null;
    };
  };
  "GET /v1/checkpoints/consistency": {
    query: {
      from: number;
      to: number;
    };
    answer: {
      from: {
        tenant_id: string;
        size: number;
        root: string;
        signed_at: string;
        kid: string;
        jws: string;
        previous_size: number | null;
        consistency: string[];
      };
      to: {
        tenant_id: string;
        size: number;
        root: string;
        signed_at: string;
        kid: string;
        jws: string;
        previous_size: number | null;
        consistency: string[];
      };
      path: string[];
    };
  };
  "GET /v1/commission-rates": {
    query: {
      limit?: number;
      cursor?: string;
      partner_tier?: string;
      sku?: string;
    };
    answer: {
      data: ({
        partner_tier: string;
        sku: string;
        pct: string;
        updated_at: string;
      })[];
      next_cursor: string | null;
    };
  };
  "GET /v1/credit-notes": {
    query: {
      limit?: number;
      cursor?: string;
      org_id?: string;
      invoice_id?: string;
    };
    answer: {
      data: ({
        credit_note_id: string;
        number: string;
        kind: "correction" | "rebill";
        invoice_id: string;
        invoice_number: string;
        org_id: string;
        org_name: string;
        currency: string;
        total: {
          amount: string;
          currency: string;
        };
        reason: string;
        after_payment: boolean;
        issued_at: string;
      })[];
      next_cursor: string | null;
    };
  };
  "GET /v1/credit-notes/{id}": {
    answer: {
      credit_note_id: string;
      number: string;
      kind: "correction" | "rebill";
      invoice_id: string;
      invoice_number: string;
      org_id: string;
      org_name: string;
      currency: string;
      total: {
        amount: string;
        currency: string;
      };
      reason: string;
      after_payment: boolean;
      issued_at: string;
      lines: ({
        line_id: string;
        invoice_line_id: string;
        description: string;
        sku: string | null;
        amount: {
          amount: string;
          currency: string;
        };
        left: {
          amount: string;
          currency: string;
        };
      })[];
      receipt: {
        seq: number;
        hash: string;
        issued_at: string;
      } | null;
    };
  };
  "GET /v1/credit-notes/{id}.pdf": {
    answer: null;
  };
  "GET /v1/credit-notes/{id}/bundle": {
    answer: null;
  };
  "GET /v1/events": {
    query: {
      type?: string;
      aggregate_id?: string;
      correlation_id?: string;
      status?: "pending" | "published" | "routed" | "dead";
      from?: string;
      to?: string;
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        event_id: string;
        type: string;
        version: number;
        source: string;
        aggregate_type: string;
        aggregate_id: string;
        org_id: string | null;
        data: Record<string, unknown>;
        metadata: Record<string, unknown>;
        correlation_id: string;
        causation_id: string | null;
        status: "pending" | "published" | "routed" | "dead";
        attempts: number;
        position: string | null;
        created_at: string;
        published_at: string | null;
        routed_at: string | null;
        last_error: string | null;
      })[];
      next_cursor: string | null;
    };
  };
  "GET /v1/events/stream": {
    query: {
      after?: string;
      type?: string;
      follow?: "true" | "false";
    };
    answer: string;
  };
  "GET /v1/events/{event_id}": {
    answer: {
      event_id: string;
      type: string;
      version: number;
      source: string;
      aggregate_type: string;
      aggregate_id: string;
      org_id: string | null;
      data: Record<string, unknown>;
      metadata: Record<string, unknown>;
      correlation_id: string;
      causation_id: string | null;
      status: "pending" | "published" | "routed" | "dead";
      attempts: number;
      position: string | null;
      created_at: string;
      published_at: string | null;
      routed_at: string | null;
      last_error: string | null;
      reactions: ({
        reaction: string;
        at: string;
      })[];
      caused: ({
        event_id: string;
        type: string;
        version: number;
        source: string;
        aggregate_type: string;
        aggregate_id: string;
        org_id: string | null;
        data: Record<string, unknown>;
        metadata: Record<string, unknown>;
        correlation_id: string;
        causation_id: string | null;
        status: "pending" | "published" | "routed" | "dead";
        attempts: number;
        position: string | null;
        created_at: string;
        published_at: string | null;
        routed_at: string | null;
        last_error: string | null;
      })[];
    };
  };
  "GET /v1/events/{event_id}/tree": {
    answer: {
      correlation_id: string;
      data: ({
        event_id: string;
        type: string;
        version: number;
        source: string;
        aggregate_type: string;
        aggregate_id: string;
        org_id: string | null;
        data: Record<string, unknown>;
        metadata: Record<string, unknown>;
        correlation_id: string;
        causation_id: string | null;
        status: "pending" | "published" | "routed" | "dead";
        attempts: number;
        position: string | null;
        created_at: string;
        published_at: string | null;
        routed_at: string | null;
        last_error: string | null;
        reactions: ({
          reaction: string;
          at: string;
        })[];
      })[];
      complete: boolean;
    };
  };
  "GET /v1/inbound-endpoints": {
    query: {
      kind?: string;
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        endpoint_id: string;
        kind: string;
        name: string;
        reference: string | null;
        enabled: boolean;
        revoked_at: string | null;
        created_at: string;
        secrets: ({
          secret_id: string;
          created_at: string;
          good_until: string | null;
        })[];
      })[];
      next_cursor: string | null;
    };
  };
  "GET /v1/inbound-endpoints/{id}": {
    answer: {
      endpoint_id: string;
      kind: string;
      name: string;
      reference: string | null;
      enabled: boolean;
      revoked_at: string | null;
      created_at: string;
      secrets: ({
        secret_id: string;
        created_at: string;
        good_until: string | null;
      })[];
    };
  };
  "GET /v1/inbound-webhooks": {
    query: {
      endpoint_id?: string;
      status?: "received" | "processed" | "ignored" | "failed" | "dead";
      type?: string;
      from?: string;
      to?: string;
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        inbound_webhook_id: string;
        endpoint_id: string;
        kind: string;
        message_id: string;
        type: string | null;
        status: "received" | "processed" | "ignored" | "failed" | "dead";
        attempts: number;
        next_attempt_at: string | null;
        received_at: string;
        signed_at: string;
        secret_id: string | null;
        finished_at: string | null;
        last_error: {
          code: string;
          status: number;
          title: string;
          detail?: string;
          errors?: ({
            pointer: string;
            code: string;
            detail: string;
          })[];
        } | null;
        body_bytes: number | null;
      })[];
      next_cursor: string | null;
    };
  };
  "GET /v1/inbound-webhooks/{id}": {
    answer: {
      inbound_webhook_id: string;
      endpoint_id: string;
      kind: string;
      message_id: string;
      type: string | null;
      status: "received" | "processed" | "ignored" | "failed" | "dead";
      attempts: number;
      next_attempt_at: string | null;
      received_at: string;
      signed_at: string;
      secret_id: string | null;
      finished_at: string | null;
      last_error: {
        code: string;
        status: number;
        title: string;
        detail?: string;
        errors?: ({
          pointer: string;
          code: string;
          detail: string;
        })[];
      } | null;
      body_bytes: number | null;
      headers: Record<string, string>;
      body_sha256: string;
      body_base64: string | null;
      body_text: string | null;
      answer: unknown;
    };
  };
  "GET /v1/invoices": {
    query: {
      limit?: number;
      cursor?: string;
      org_id?: string;
      status?: "draft" | "open" | "paid" | "void" | "uncollectible";
      run_id?: string;
    };
    answer: {
      data: ({
        invoice_id: string;
        number: string;
        org_id: string;
        org_name: string;
        status: "draft" | "open" | "paid" | "void" | "uncollectible";
        currency: string;
        period: {
          from: string;
          to: string;
        };
        total: {
          amount: string;
          currency: string;
        };
        credited: {
          amount: string;
          currency: string;
        };
        balance: {
          amount: string;
          currency: string;
        };
        issued_at: string;
        due_at: string;
        paid_at: string | null;
        voided_at: string | null;
        uncollectible_at: string | null;
      })[];
      next_cursor: string | null;
    };
  };
  "GET /v1/invoices/{id}": {
    answer: {
      invoice_id: string;
      number: string;
      org_id: string;
      org_name: string;
      status: "draft" | "open" | "paid" | "void" | "uncollectible";
      currency: string;
      period: {
        from: string;
        to: string;
      };
      total: {
        amount: string;
        currency: string;
      };
      credited: {
        amount: string;
        currency: string;
      };
      balance: {
        amount: string;
        currency: string;
      };
      issued_at: string;
      due_at: string;
      paid_at: string | null;
      voided_at: string | null;
      uncollectible_at: string | null;
      run_id: string;
      void_reason: string | null;
      payment_reference: string | null;
      lines: ({
        line_id: string;
        description: string;
        sku: string | null;
        unit: string | null;
        quantity: string;
        amount: {
          amount: string;
          currency: string;
        };
        amount_exact: string;
        credited: {
          amount: string;
          currency: string;
        };
        period: {
          from: string;
          to: string;
        };
      })[];
      receipt: {
        seq: number;
        hash: string;
        issued_at: string;
      } | null;
    };
  };
  "GET /v1/invoices/{id}.pdf": {
    answer: null;
  };
  "GET /v1/invoices/{id}/bundle": {
    answer: null;
  };
  "GET /v1/invoices/{id}/lines/{line_id}/explanation": {
    answer: {
      line_id: string;
      steps: (Record<string, unknown>)[];
      amount: {
        amount: string;
        currency: string;
      };
      amount_exact: string;
      quantity: string;
      rounding: {
        mode: string;
        amount: string;
      };
      price_version: {
        price_version_id: string | null;
        version: number | null;
        price: Record<string, unknown>;
      };
      inputs: Record<string, unknown>;
      inputs_hash: string;
      usage: {
        count: number;
        sum: string;
        root: string;
        events: (Record<string, unknown>)[];
        more: boolean;
      } | null;
    };
  };
  "GET /v1/ledger/lines": {
    query: {
      limit?: number;
      cursor?: string;
      org_id?: string;
      sku?: string;
      status?: "pending" | "settled" | "reversed";
      from?: string;
      to?: string;
    };
    answer: {
      data: ({
        entry_id: string;
        org_id: string;
        project_id: string | null;
        sku: string | null;
        quantity: string;
        amount_exact: string;
        amount_gross: {
          amount: string;
          currency: string;
        };
        partner_id: string | null;
        partner_pct: string;
        partner_amount: {
          amount: string;
          currency: string;
        };
        net: {
          amount: string;
          currency: string;
        };
        status: "pending" | "settled" | "reversed";
        charge_id: string | null;
        invoice_id: string | null;
        period: {
          from: string;
          to: string;
        } | null;
        corrects: string | null;
        created_at: string;
      })[];
      next_cursor: string | null;
    };
  };
  "GET /v1/ledger/trial-balance": {
    query: {
      at?: string;
    };
    answer: {
      at: string;
      data: ({
        kind: string;
        currency: string;
        debit: string;
        credit: string;
        balance: string;
      })[];
      totals: ({
        currency: string;
        debit: string;
        credit: string;
      })[];
    };
  };
  "GET /v1/metering/csv-mappings": {
    query: {
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        mapping_id: string;
        name: string;
        definition: {
          delimiter: "," | ";" | "\t" | "|";
          encoding: "utf-8" | "utf-16le" | "iso-8859-1" | "windows-1252";
          decimal_mark: "." | ",";
          skip_lines: number;
          header: boolean;
          meter: {
            column: string | number;
          } | {
            value: string;
          };
          register: {
            column: string | number;
          } | {
            value: string;
          };
          org?: {
            column: string | number;
          } | {
            value: string;
          };
          unit: {
            column: string | number;
          } | {
            value: string;
          };
          flow?: "import" | "export";
          commodity: "electricity" | "gas" | "water" | "heat";
          time: {
            columns: (string | number)[];
            format: string;
            zone?: string;
            marks: "start" | "end";
            overlap: "in_order" | "earlier" | "later" | "refuse";
          };
          interval_minutes: number;
          quantity: {
            column: string | number;
          } | {
            first_column: string | number;
            columns: number;
            counts: "clock" | "elapsed";
          };
          quality: {
            value: "A" | "S" | "F" | "E" | "N" | "V";
          } | {
            column: string | number;
            map: Record<string, "A" | "S" | "F" | "E" | "N" | "V">;
            otherwise?: "A" | "S" | "F" | "E" | "N" | "V";
          };
        };
        created_at: string;
        updated_at: string;
      })[];
      next_cursor: string | null;
    };
  };
  "GET /v1/metering/csv-mappings/{name}": {
    answer: {
      mapping_id: string;
      name: string;
      definition: {
        delimiter: "," | ";" | "\t" | "|";
        encoding: "utf-8" | "utf-16le" | "iso-8859-1" | "windows-1252";
        decimal_mark: "." | ",";
        skip_lines: number;
        header: boolean;
        meter: {
          column: string | number;
        } | {
          value: string;
        };
        register: {
          column: string | number;
        } | {
          value: string;
        };
        org?: {
          column: string | number;
        } | {
          value: string;
        };
        unit: {
          column: string | number;
        } | {
          value: string;
        };
        flow?: "import" | "export";
        commodity: "electricity" | "gas" | "water" | "heat";
        time: {
          columns: (string | number)[];
          format: string;
          zone?: string;
          marks: "start" | "end";
          overlap: "in_order" | "earlier" | "later" | "refuse";
        };
        interval_minutes: number;
        quantity: {
          column: string | number;
        } | {
          first_column: string | number;
          columns: number;
          counts: "clock" | "elapsed";
        };
        quality: {
          value: "A" | "S" | "F" | "E" | "N" | "V";
        } | {
          column: string | number;
          map: Record<string, "A" | "S" | "F" | "E" | "N" | "V">;
          otherwise?: "A" | "S" | "F" | "E" | "N" | "V";
        };
      };
      created_at: string;
      updated_at: string;
    };
  };
  "GET /v1/metering/deprecations/{id}": {
    answer: {
      deprecation_id: string;
      org_id: string;
      sku: string;
      from: string;
      to: string;
      reason: string;
      source: "form_submit" | "backend" | "meter" | "import" | "manual" | "replay";
      status: "running" | "completed";
      reached: string | null;
      voided: number;
      corrected_before: number;
      refused: number;
      created_at: string;
      finished_at: string | null;
    };
  };
  "GET /v1/metering/events": {
    query: {
      org_id?: string;
      sku?: string;
      from?: string;
      to?: string;
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        event_id: string;
        request_id: string;
        org_id: string;
        project_id: string | null;
        sku: string;
        quantity: string | null;
        amount: string | null;
        properties: Record<string, unknown> | null;
        time: string;
        source: "form_submit" | "backend" | "meter" | "import" | "manual" | "replay";
        metadata: Record<string, unknown> | null;
        voids: string | null;
        amends: string | null;
        leaf: string;
        received_at: string;
      })[];
      next_cursor: string | null;
    };
  };
  "GET /v1/metering/events/{request_id}": {
    answer: {
      event_id: string;
      request_id: string;
      org_id: string;
      project_id: string | null;
      sku: string;
      quantity: string | null;
      amount: string | null;
      properties: Record<string, unknown> | null;
      time: string;
      source: "form_submit" | "backend" | "meter" | "import" | "manual" | "replay";
      metadata: Record<string, unknown> | null;
      voids: string | null;
      amends: string | null;
      leaf: string;
      received_at: string;
      stands: boolean;
      voided_by: string | null;
      amended_by: string | null;
      reason: string | null;
    };
  };
  "GET /v1/metering/gateways": {
    query: {
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        gateway_id: string;
        name: string;
        old_secret_until: string | null;
        revoked_at: string | null;
        created_at: string;
      })[];
      next_cursor: string | null;
    };
  };
  "GET /v1/metering/imports": {
    query: {
      org_id?: string;
      status?: "queued" | "running" | "completed" | "rejected" | "failed";
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        import_id: string;
        filename: string;
        sha256: string;
        bytes: number;
        format: "auto" | "csv" | "nem12" | "nem13" | "greenbutton" | "mscons";
        on_error: "reject" | "keep_good";
        org_id: string | null;
        mapping: string | null;
        status: "queued" | "running" | "completed" | "rejected" | "failed";
        progress: {
          bytes_done: number;
          bytes_total: number;
          rows_done: number;
        };
        totals: {
          lines: number;
          accepted: number;
          duplicates: number;
          rejected: number;
          unmapped: number;
          missing: number;
          held: number;
          quantities: Record<string, string>;
        };
        error_count: number;
        same_as: string | null;
        created_at: string;
        finished_at: string | null;
      })[];
      next_cursor: string | null;
    };
  };
  "GET /v1/metering/imports/{id}": {
    query: {
      limit?: number;
      cursor?: string;
    };
    answer: {
      import_id: string;
      filename: string;
      sha256: string;
      bytes: number;
      format: "auto" | "csv" | "nem12" | "nem13" | "greenbutton" | "mscons";
      on_error: "reject" | "keep_good";
      org_id: string | null;
      mapping: string | null;
      status: "queued" | "running" | "completed" | "rejected" | "failed";
      progress: {
        bytes_done: number;
        bytes_total: number;
        rows_done: number;
      };
      totals: {
        lines: number;
        accepted: number;
        duplicates: number;
        rejected: number;
        unmapped: number;
        missing: number;
        held: number;
        quantities: Record<string, string>;
      };
      error_count: number;
      same_as: string | null;
      created_at: string;
      finished_at: string | null;
      errors: ({
        line: number;
        code: string;
        detail: string;
      })[];
      notes: ({
        line: number;
        code: string;
        detail: string;
      })[];
      next_cursor: string | null;
    };
  };
  "GET /v1/metering/photos/{id}": {
    answer: unknown;
  };
  "GET /v1/metering/reading-rules": {
    query: {
      sku?: string;
      meter_id?: string;
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        rule_id: string;
        sku: string | null;
        meter_id: string | null;
        kind: "below_min" | "above_max" | "spike" | "zeros" | "negative" | "backwards" | "future" | "unit_mismatch" | "no_occupant";
        action: "accept_and_flag" | "hold";
        threshold: string | null;
        created_at: string;
      })[];
      next_cursor: string | null;
    };
  };
  "GET /v1/metering/readings": {
    query: {
      meter_id: string;
      register?: string;
      state?: "counted" | "held" | "superseded" | "rejected";
      from?: string;
      to?: string;
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        reading_id: string;
        meter_id: string;
        register: string;
        time: string;
        value: string;
        quality: "actual" | "estimated" | "substituted" | "final" | "customer";
        state: "counted" | "held" | "superseded" | "rejected";
        source: "manual" | "gateway" | "import" | "estimate";
        is_last: boolean;
        flags: ("below_min" | "above_max" | "spike" | "zeros" | "negative" | "backwards" | "future" | "unit_mismatch" | "no_occupant")[];
        photo_id: string | null;
        created_by: {
          kind: string;
          id: string;
          name?: string;
        } | null;
        created_at: string;
        usage: {
          request_id: string;
          org_id: string;
          sku: string;
          quantity: string;
          time: string;
          refusal: string | null;
        } | null;
      })[];
      next_cursor: string | null;
    };
  };
  "GET /v1/metering/replays/{id}": {
    answer: {
      replay_id: string;
      origin: "file" | "store";
      sha256: string | null;
      org_id: string | null;
      sku: string | null;
      from: string | null;
      to: string | null;
      status: "running" | "completed";
      accepted: number;
      duplicates: number;
      rejected: number;
      rejections: ({
        line: number | null;
        request_id: string | null;
        code: string;
        detail: string;
      })[];
      created_at: string;
      finished_at: string | null;
    };
  };
  "GET /v1/metering/reviews": {
    query: {
      status?: "open" | "accepted" | "corrected" | "rejected";
      meter_id?: string;
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        review_id: string;
        status: "open" | "accepted" | "corrected" | "rejected";
        reasons: ({
          code: "below_min" | "above_max" | "spike" | "zeros" | "negative" | "backwards" | "future" | "unit_mismatch" | "no_occupant";
          detail: string;
        })[];
        reading: {
          reading_id: string;
          meter_id: string;
          register: string;
          time: string;
          value: string;
          quality: "actual" | "estimated" | "substituted" | "final" | "customer";
          state: "counted" | "held" | "superseded" | "rejected";
          source: "manual" | "gateway" | "import" | "estimate";
          is_last: boolean;
          flags: ("below_min" | "above_max" | "spike" | "zeros" | "negative" | "backwards" | "future" | "unit_mismatch" | "no_occupant")[];
          photo_id: string | null;
          created_by: {
            kind: string;
            id: string;
            name?: string;
          } | null;
          created_at: string;
          usage: {
            request_id: string;
            org_id: string;
            sku: string;
            quantity: string;
            time: string;
            refusal: string | null;
          } | null;
        };
        identifier: string;
        unit: string;
        before: {
          time: string;
          value: string;
        } | null;
        note: string | null;
        corrected_by: string | null;
        decided_by: {
          kind: string;
          id: string;
          name?: string;
        } | null;
        decided_at: string | null;
        created_at: string;
      })[];
      next_cursor: string | null;
    };
  };
  "GET /v1/metering/usage": {
    query: {
      org_id?: string;
      include_descendants?: "true" | "false";
      sku?: string;
      project_id?: string;
      from: string;
      to: string;
      window?: "hour" | "day" | "month";
      group_by?: string;
      where?: string | string[];
    };
    answer: {
      data: ({
        start: string;
        org_id?: string;
        sku?: string;
        project_id?: string | null;
        dimensions?: Record<string, string | null>;
        value: string | null;
        count: number;
        quantity: string;
        quantity_max: string | null;
        quantity_min: string | null;
        amount: string | null;
      })[];
      as_of: string;
      watermark: string;
    };
  };
  "GET /v1/metering/usage-states": {
    query: {
      limit?: number;
      cursor?: string;
      org_id?: string;
      sku?: string;
      state?: "reported" | "rated" | "billed" | "voided";
    };
    answer: {
      data: ({
        usage_state_id: string;
        org_id: string;
        sku: string;
        subscription_id: string;
        period: {
          from: string;
          to: string;
        };
        state: "reported" | "rated" | "billed" | "voided";
        charge_id: string | null;
        invoice_id: string | null;
        problem: {
          code: string;
          detail: string;
        } | null;
        changed_at: string;
      })[];
      next_cursor: string | null;
    };
  };
  "GET /v1/meters": {
    query: {
      site_id?: string;
      search?: string;
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        meter_id: string;
        site_id: string;
        identifier: string;
        sku: string;
        registers: ({
          register: string;
          sku: string;
          unit: string;
          direction: "import" | "export";
          kind: "interval" | "cumulative";
          every_minutes: number | null;
          digits: number | null;
          multiplier: string;
        })[];
        devices: ({
          register: string;
          installed_at: string;
          serial: string | null;
          digits: number | null;
          multiplier: string;
        })[];
        created_at: string;
      })[];
      next_cursor: string | null;
    };
  };
  "GET /v1/meters/{id}": {
    answer: {
      meter_id: string;
      site_id: string;
      identifier: string;
      sku: string;
      registers: ({
        register: string;
        sku: string;
        unit: string;
        direction: "import" | "export";
        kind: "interval" | "cumulative";
        every_minutes: number | null;
        digits: number | null;
        multiplier: string;
      })[];
      devices: ({
        register: string;
        installed_at: string;
        serial: string | null;
        digits: number | null;
        multiplier: string;
      })[];
      created_at: string;
    };
  };
  "GET /v1/meters/{id}/consumption": {
    query: {
      register: string;
      from: string;
      to: string;
    };
    answer: {
      data: ({
        from: string;
        to: string;
        quantity: string;
        by_quality: ({
          quality: "actual" | "estimated" | "substituted" | "final" | "customer";
          quantity: string;
        })[];
        missing: number;
      })[];
    };
  };
  "GET /v1/meters/{id}/gaps": {
    query: {
      register?: string;
      from: string;
      to: string;
    };
    answer: {
      data: ({
        register: string;
        from: string;
        to: string;
        missing: number;
      })[];
    };
  };
  "GET /v1/orgs": {
    query: {
      q?: string;
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        org_id: string;
        legal_name: string;
        org_slug: string;
        billing_email: string;
        default_timezone: string;
        currency: string | null;
        parent_org_id: string | null;
        partner_tier: string | null;
        tax_id: string | null;
        visibility: "private" | "partners" | "public";
        is_own: boolean;
        created_at: string;
      })[];
      next_cursor: string | null;
    };
  };
  "GET /v1/orgs/{id}": {
    answer: {
      org_id: string;
      legal_name: string;
      org_slug: string;
      billing_email: string;
      default_timezone: string;
      currency: string | null;
      parent_org_id: string | null;
      partner_tier: string | null;
      tax_id: string | null;
      visibility: "private" | "partners" | "public";
      is_own: boolean;
      created_at: string;
    };
  };
  "GET /v1/orgs/{id}/business-model": {
    answer: {
      assignment_id: string;
      org_id: string;
      model_id: string;
      plan_id: string;
      subscription_id: string;
      effective_at: string;
      assigned_by: string;
      assigned_at: string;
      notes: string | null;
    };
  };
  "GET /v1/orgs/{id}/children": {
    query: {
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        org_id: string;
        legal_name: string;
        org_slug: string;
        billing_email: string;
        default_timezone: string;
        currency: string | null;
        parent_org_id: string | null;
        partner_tier: string | null;
        tax_id: string | null;
        visibility: "private" | "partners" | "public";
        is_own: boolean;
        created_at: string;
      })[];
      next_cursor: string | null;
    };
  };
  "GET /v1/orgs/{id}/entitlements": {
    query: {
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        subscription_id: string;
        org_id: string;
        plan_id: string;
        plan_name: string;
        overrides: Record<string, unknown>;
        effective_at: string;
        ended_at: string | null;
        billed_until: string | null;
        status: "scheduled" | "active" | "ended";
        created_at: string;
      })[];
      next_cursor: string | null;
    };
  };
  "GET /v1/orgs/{id}/members": {
    query: {
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        user_id: string;
        org_id: string;
        email: string;
        name: string;
        role: "admin" | "finance" | "technical" | "user";
        status: "active" | "pending";
        created_at: string;
      })[];
      next_cursor: string | null;
    };
  };
  "GET /v1/partners-of-record": {
    query: {
      limit?: number;
      cursor?: string;
      org_id?: string;
      partner_id?: string;
    };
    answer: {
      data: ({
        partner_of_record_id: string;
        org_id: string;
        partner_id: string;
        start_at: string;
        end_at: string | null;
        status: "active" | "expired" | "disputed";
        created_at: string;
      })[];
      next_cursor: string | null;
    };
  };
  "GET /v1/plans": {
    query: {
      limit?: number;
      cursor?: string;
      model_id?: string;
    };
    answer: {
      data: ({
        plan_id: string;
        model_id: string;
        name: string;
        tier: string | null;
        status: "active" | "retired";
        notes: string | null;
        base_amount: string | null;
        billing_interval: string;
        currency: string;
        created_at: string;
      })[];
      next_cursor: string | null;
    };
  };
  "GET /v1/plans/{plan_id}": {
    answer: {
      plan_id: string;
      model_id: string;
      name: string;
      tier: string | null;
      status: "active" | "retired";
      notes: string | null;
      base_amount: string | null;
      billing_interval: string;
      currency: string;
      created_at: string;
      skus: ({
        price_version_id: string;
        plan_id: string;
        sku: string;
        version: number;
        price: Record<string, unknown>;
        price_hash: string;
        created_at: string;
        created_by: string;
        draft_id: string | null;
        included_qty: string | null;
        overage_price: string | null;
        tiers: (Record<string, unknown>)[] | null;
        type: "hosting" | "object" | "validation" | "action" | "analytics" | "energy";
        unit: string;
      })[];
    };
  };
  "GET /v1/plans/{plan_id}/publish-policy": {
    answer: {
      plan_id: string;
      require_backtest: {
        max_increase_percent: string | null;
        max_org_increase_percent: string | null;
        max_share_over: string | null;
        months: number;
      } | null;
    };
  };
  "GET /v1/plans/{plan_id}/skus/{sku}/versions": {
    query: {
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        price_version_id: string;
        plan_id: string;
        sku: string;
        version: number;
        price: Record<string, unknown>;
        price_hash: string;
        created_at: string;
        created_by: string;
        draft_id: string | null;
      })[];
      next_cursor: string | null;
    };
  };
  "GET /v1/pricing/backtests": {
    query: {
      limit?: number;
      cursor?: string;
      plan_id?: string;
      draft_id?: string;
    };
    answer: {
      data: ({
        backtest_id: string;
        plan_id: string;
        draft_id: string | null;
        compare_draft_id: string | null;
        content_hash: string;
        currency: string;
        from: string;
        to: string;
        months: string[];
        org_ids: string[] | null;
        over_percent: string;
        status: "queued" | "running" | "completed" | "failed" | "cancelled";
        progress: {
          done: number;
          total: number;
        };
        problem: {
          code: string;
          detail: string;
        } | null;
        created_at: string;
        finished_at: string | null;
      })[];
      next_cursor: string | null;
    };
  };
  "GET /v1/pricing/backtests/{id}": {
    answer: {
      backtest_id: string;
      plan_id: string;
      draft_id: string | null;
      compare_draft_id: string | null;
      content_hash: string;
      currency: string;
      from: string;
      to: string;
      months: string[];
      org_ids: string[] | null;
      over_percent: string;
      status: "queued" | "running" | "completed" | "failed" | "cancelled";
      progress: {
        done: number;
        total: number;
      };
      summary: {
        currency: string;
        organizations: number;
        organization_months: number;
        before: {
          revenue: {
            amount: string;
            currency: string;
          };
          partners: {
            amount: string;
            currency: string;
          };
        };
        draft: {
          revenue: {
            amount: string;
            currency: string;
          };
          partners: {
            amount: string;
            currency: string;
          };
          difference: {
            amount: string;
            currency: string;
          };
          percent: string | null;
          paying_more: number;
          paying_less: number;
          paying_the_same: number;
          over: {
            percent: string;
            organizations: number;
            share: string | null;
          };
          change: {
            p5: {
              amount: string;
              currency: string;
            };
            p25: {
              amount: string;
              currency: string;
            };
            p50: {
              amount: string;
              currency: string;
            };
            p75: {
              amount: string;
              currency: string;
            };
            p95: {
              amount: string;
              currency: string;
            };
          } | null;
          change_percent: {
            p5: string;
            p25: string;
            p50: string;
            p75: string;
            p95: string;
          } | null;
          distribution: ({
            from: string | null;
            to: string | null;
            organizations: number;
          })[];
        };
        compare: {
          revenue: {
            amount: string;
            currency: string;
          };
          partners: {
            amount: string;
            currency: string;
          };
          difference: {
            amount: string;
            currency: string;
          };
          percent: string | null;
          paying_more: number;
          paying_less: number;
          paying_the_same: number;
          over: {
            percent: string;
            organizations: number;
            share: string | null;
          };
          change: {
            p5: {
              amount: string;
              currency: string;
            };
            p25: {
              amount: string;
              currency: string;
            };
            p50: {
              amount: string;
              currency: string;
            };
            p75: {
              amount: string;
              currency: string;
            };
            p95: {
              amount: string;
              currency: string;
            };
          } | null;
          change_percent: {
            p5: string;
            p25: string;
            p50: string;
            p75: string;
            p95: string;
          } | null;
          distribution: ({
            from: string | null;
            to: string | null;
            organizations: number;
          })[];
        } | null;
        by_month: ({
          month: string;
          before: {
            amount: string;
            currency: string;
          };
          draft: {
            amount: string;
            currency: string;
          };
          compare: {
            amount: string;
            currency: string;
          } | null;
        })[];
        by_sku: ({
          sku: string | null;
          before: {
            amount: string;
            currency: string;
          };
          draft: {
            amount: string;
            currency: string;
          };
          compare: {
            amount: string;
            currency: string;
          } | null;
        })[];
        faulty_organizations: number;
        faults: ({
          org_id: string;
          side: "before" | "draft" | "compare";
          code: string;
          detail: string;
        })[];
      } | null;
      problem: {
        code: string;
        detail: string;
      } | null;
      created_at: string;
      finished_at: string | null;
    };
  };
  "GET /v1/pricing/backtests/{id}/organizations": {
    query: {
      limit?: number;
      cursor?: string;
      sort?: "change" | "-change" | "percent" | "-percent" | "before" | "-before" | "draft" | "-draft";
    };
    answer: {
      data: ({
        org_id: string;
        legal_name: string;
        org_slug: string;
        basis: "billed" | "rated" | "mixed";
        before: {
          amount: {
            amount: string;
            currency: string;
          };
          partners: {
            amount: string;
            currency: string;
          };
        } | null;
        draft: {
          amount: {
            amount: string;
            currency: string;
          };
          partners: {
            amount: string;
            currency: string;
          };
          difference: {
            amount: string;
            currency: string;
          };
          percent: string | null;
        } | null;
        compare: {
          amount: {
            amount: string;
            currency: string;
          };
          partners: {
            amount: string;
            currency: string;
          };
          difference: {
            amount: string;
            currency: string;
          };
          percent: string | null;
        } | null;
        months: ({
          month: string;
          before: {
            amount: string;
            currency: string;
          };
          draft: {
            amount: string;
            currency: string;
          };
          compare: {
            amount: string;
            currency: string;
          } | null;
        })[];
        fault: {
          side: "before" | "draft" | "compare";
          code: string;
          detail: string;
        } | null;
      })[];
      next_cursor: string | null;
    };
  };
  "GET /v1/pricing/backtests/{id}/organizations.csv": {
    answer: null;
  };
  "GET /v1/pricing/drafts": {
    query: {
      limit?: number;
      cursor?: string;
      plan_id?: string;
      status?: "draft" | "published" | "discarded";
    };
    answer: {
      data: ({
        draft_id: string;
        plan_id: string;
        name: string;
        status: "draft" | "published" | "discarded";
        base_amount: string | null;
        skus: Record<string, Record<string, unknown>>;
        content_hash: string;
        created_at: string;
        created_by: string;
        updated_at: string;
        published_at: string | null;
        published_by: string | null;
        backtest_id: string | null;
      })[];
      next_cursor: string | null;
    };
  };
  "GET /v1/pricing/drafts/{draft_id}": {
    answer: {
      draft_id: string;
      plan_id: string;
      name: string;
      status: "draft" | "published" | "discarded";
      base_amount: string | null;
      skus: Record<string, Record<string, unknown>>;
      content_hash: string;
      created_at: string;
      created_by: string;
      updated_at: string;
      published_at: string | null;
      published_by: string | null;
      backtest_id: string | null;
    };
  };
  "GET /v1/pricing/drafts/{draft_id}/differences": {
    answer: {
      draft_id: string;
      plan_id: string;
      currency: string;
      base_amount: {
        before: string | null;
        after: string | null;
      };
      differences: ({
        sku: string;
        change: "added" | "changed";
        before: Record<string, unknown> | null;
        after: Record<string, unknown>;
      })[];
    };
  };
  "GET /v1/pricing/drafts/{draft_id}/publication": {
    answer: {
      draft_id: string;
      plan_id: string;
      demand: Record<string, unknown> | null;
      may_publish: boolean;
      backtest_id: string | null;
      backtests: ({
        backtest_id: string;
        finished_at: string;
        passed: boolean;
        reasons: ({
          code: string;
          detail: string;
        })[];
      })[];
    };
  };
  "GET /v1/projects": {
    query: {
      org_id?: string;
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        project_id: string;
        org_id: string;
        name: string;
        created_at: string;
      })[];
      next_cursor: string | null;
    };
  };
  "GET /v1/receipts": {
    query: {
      kind?: string;
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        tenant_id: string;
        seq: number;
        kind: string;
        subject_id: string;
        payload_hash: string;
        prev_hash: string;
        issued_at: string;
        hash: string;
      })[];
      next_cursor: string | null;
    };
  };
  "GET /v1/receipts/{id}": {
    answer: {
      data: ({
        receipt: {
          tenant_id: string;
          seq: number;
          kind: string;
          subject_id: string;
          payload_hash: string;
          prev_hash: string;
          issued_at: string;
          hash: string;
        };
        inclusion: {
          path: string[];
          previous_path: string[];
        } | null;
        checkpoint: string | null;
      })[];
    };
  };
  "GET /v1/replays": {
    query: {
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        replay_id: string;
        selection: {
          from?: string;
          to?: string;
          types?: string[];
          aggregate_type?: string;
          aggregate_id?: string;
          org_id?: string;
          correlation_id?: string;
          event_ids?: string[];
          dead_only?: boolean;
        };
        dry_run: boolean;
        rate_per_second: number;
        reason: string | null;
        status: "queued" | "running" | "paused" | "completed" | "cancelled" | "failed";
        progress: {
          total: number;
          done: number;
        };
        forecast: {
          events: number;
          by_type: ({
            type: string;
            events: number;
            dead: number;
            reactions: ({
              reaction: string;
              had: number;
              would_run: number;
            })[];
          })[];
          sample: string[];
        } | null;
        problem: {
          code: string;
          detail: string;
        } | null;
        requested_by: string;
        created_at: string;
        finished_at: string | null;
      })[];
      next_cursor: string | null;
    };
  };
  "GET /v1/replays/verifications": {
    query: {
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        verification_id: string;
        from: string | null;
        to: string | null;
        org_id: string | null;
        status: "queued" | "running" | "completed" | "failed";
        progress: {
          total: number;
          done: number;
        };
        checked: {
          invoices: number;
          lines: number;
          credit_notes: number;
          billed_periods: number;
          actions: number;
          events: number;
        };
        differences: number;
        problem: {
          code: string;
          detail: string;
        } | null;
        created_at: string;
        finished_at: string | null;
      })[];
      next_cursor: string | null;
    };
  };
  "GET /v1/replays/verifications/{id}": {
    answer: {
      verification_id: string;
      from: string | null;
      to: string | null;
      org_id: string | null;
      status: "queued" | "running" | "completed" | "failed";
      progress: {
        total: number;
        done: number;
      };
      checked: {
        invoices: number;
        lines: number;
        credit_notes: number;
        billed_periods: number;
        actions: number;
        events: number;
      };
      differences: number;
      problem: {
        code: string;
        detail: string;
      } | null;
      created_at: string;
      finished_at: string | null;
    };
  };
  "GET /v1/replays/verifications/{id}/differences": {
    query: {
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        subject: "invoice_line" | "invoice" | "credit_note_line" | "credit_note" | "billed_period" | "action";
        document: string | null;
        org_id: string;
        line: number | null;
        sku: string | null;
        subject_id: string;
        fields: ({
          field: string;
          expected: string | null;
          found: string | null;
          in: string[];
        })[];
        events: string[];
      })[];
      next_cursor: string | null;
    };
  };
  "GET /v1/replays/{id}": {
    answer: {
      replay_id: string;
      selection: {
        from?: string;
        to?: string;
        types?: string[];
        aggregate_type?: string;
        aggregate_id?: string;
        org_id?: string;
        correlation_id?: string;
        event_ids?: string[];
        dead_only?: boolean;
      };
      dry_run: boolean;
      rate_per_second: number;
      reason: string | null;
      status: "queued" | "running" | "paused" | "completed" | "cancelled" | "failed";
      progress: {
        total: number;
        done: number;
      };
      forecast: {
        events: number;
        by_type: ({
          type: string;
          events: number;
          dead: number;
          reactions: ({
            reaction: string;
            had: number;
            would_run: number;
          })[];
        })[];
        sample: string[];
      } | null;
      problem: {
        code: string;
        detail: string;
      } | null;
      requested_by: string;
      created_at: string;
      finished_at: string | null;
    };
  };
  "GET /v1/scheduler/runs": {
    query: {
      limit?: number;
      cursor?: string;
      name?: string;
    };
    answer: {
      data: ({
        name: string;
        due_at: string;
        enqueued_at: string;
        started_at: string | null;
        attempts: number;
        finished_at: string | null;
        outcome: "done" | "failed" | "superseded" | null;
      })[];
      next_cursor: string | null;
    };
  };
  "GET /v1/scheduler/schedules": {
    answer: {
      data: ({
        name: string;
        cron: string;
        catch_up: "once" | "none";
        since: string;
        last_due_at: string | null;
        next_due_at: string;
      })[];
    };
  };
  "GET /v1/session": {
    answer: {
      user: {
        user_id: string;
        email: string;
        name: string;
      };
      tenant: {
        tenant_id: string;
        name: string;
        mode: "live" | "test";
      };
      organization: {
        org_id: string;
        legal_name: string;
        is_own: boolean;
      };
      role: "admin" | "finance" | "technical" | "user";
      scopes: string[];
      csrf_token: string;
    };
  };
  "GET /v1/sites": {
    query: {
      org_id?: string;
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        site_id: string;
        name: string;
        address: string | null;
        time_zone: string;
        supply_sku: string | null;
        org_id: string | null;
        created_at: string;
      })[];
      next_cursor: string | null;
    };
  };
  "GET /v1/sites/{id}": {
    answer: {
      site_id: string;
      name: string;
      address: string | null;
      time_zone: string;
      supply_sku: string | null;
      org_id: string | null;
      created_at: string;
    };
  };
  "GET /v1/sites/{id}/occupancies": {
    answer: {
      data: ({
        occupancy_id: string;
        site_id: string;
        org_id: string;
        from: string;
        to: string | null;
      })[];
      next_cursor: string | null;
    };
  };
  "GET /v1/skus": {
    query: {
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        sku: string;
        type: "hosting" | "object" | "validation" | "action" | "analytics" | "energy";
        unit: string;
        aggregation: "sum" | "count" | "max" | "min" | "latest" | "unique_count" | "average" | "weighted_sum";
        dimensions: string[];
        late_policy: "adjust_next" | "absorb" | "rebill" | "reject";
        allow_negative: boolean;
        cost: string | null;
        retail: string | null;
        tax_code: string | null;
        metadata: Record<string, unknown>;
        created_at: string;
      })[];
      next_cursor: string | null;
    };
  };
  "GET /v1/skus/{sku}": {
    answer: {
      sku: string;
      type: "hosting" | "object" | "validation" | "action" | "analytics" | "energy";
      unit: string;
      aggregation: "sum" | "count" | "max" | "min" | "latest" | "unique_count" | "average" | "weighted_sum";
      dimensions: string[];
      late_policy: "adjust_next" | "absorb" | "rebill" | "reject";
      allow_negative: boolean;
      cost: string | null;
      retail: string | null;
      tax_code: string | null;
      metadata: Record<string, unknown>;
      created_at: string;
    };
  };
  "GET /v1/test-clock": {
    answer: {
      now: string;
      mode: "live" | "test";
      test_clock_at: string | null;
    };
  };
  "GET /v1/webhook-event-types": {
    answer: {
      event_types: string[];
    };
  };
  "GET /v1/webhooks": {
    query: {
      org_id?: string;
      status?: "enabled" | "disabled";
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        webhook_id: string;
        org_id: string | null;
        managed_by: "tenant" | "organization";
        url: string;
        event_types: string[];
        schedule: "standard" | "extended";
        description: string | null;
        status: "enabled" | "disabled";
        disabled_reason: "on_request" | "gone" | "failing" | "deleted" | null;
        disabled_at: string | null;
        version: number;
        created_at: string;
        failing_since: string | null;
        paused_until: string | null;
        health: {
          attempts_24h: number;
          succeeded_24h: number;
          success_rate_24h: number | null;
          last_attempt_at: string | null;
          last_status: number | null;
          last_error: string | null;
          pending: number;
          dead_letters: number;
        };
      })[];
      next_cursor: string | null;
    };
  };
  "GET /v1/webhooks/{id}": {
    answer: {
      webhook_id: string;
      org_id: string | null;
      managed_by: "tenant" | "organization";
      url: string;
      event_types: string[];
      schedule: "standard" | "extended";
      description: string | null;
      status: "enabled" | "disabled";
      disabled_reason: "on_request" | "gone" | "failing" | "deleted" | null;
      disabled_at: string | null;
      version: number;
      created_at: string;
      failing_since: string | null;
      paused_until: string | null;
      health: {
        attempts_24h: number;
        succeeded_24h: number;
        success_rate_24h: number | null;
        last_attempt_at: string | null;
        last_status: number | null;
        last_error: string | null;
        pending: number;
        dead_letters: number;
      };
    };
  };
  "GET /v1/webhooks/{id}/dead-letters": {
    query: {
      replayed?: "true" | "false";
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        delivery_id: string;
        webhook_id: string;
        event_id: string;
        event_type: string;
        event_at: string;
        reason: "attempts_exhausted" | "endpoint_gone";
        attempts: number;
        last_status: number | null;
        last_error: string | null;
        created_at: string;
        replayed_at: string | null;
      })[];
      next_cursor: string | null;
    };
  };
  "GET /v1/webhooks/{id}/deliveries": {
    query: {
      status?: "pending" | "delivered" | "failed" | "cancelled";
      event_type?: string;
      event_id?: string;
      from?: string;
      to?: string;
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        delivery_id: string;
        webhook_id: string;
        event_id: string;
        event_type: string;
        event_at: string;
        kind: "event" | "replay" | "test";
        replay_id: string | null;
        status: "pending" | "delivered" | "failed" | "cancelled";
        attempts: number;
        next_attempt_at: string | null;
        last_status: number | null;
        last_error: string | null;
        created_at: string;
        finished_at: string | null;
      })[];
      next_cursor: string | null;
    };
  };
  "GET /v1/webhooks/{id}/deliveries/{delivery_id}": {
    answer: {
      delivery_id: string;
      webhook_id: string;
      event_id: string;
      event_type: string;
      event_at: string;
      kind: "event" | "replay" | "test";
      replay_id: string | null;
      status: "pending" | "delivered" | "failed" | "cancelled";
      attempts: number;
      next_attempt_at: string | null;
      last_status: number | null;
      last_error: string | null;
      created_at: string;
      finished_at: string | null;
      body: string;
    };
  };
  "GET /v1/webhooks/{id}/deliveries/{delivery_id}/attempts": {
    query: {
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        delivery_id: string;
        number: number;
        url: string;
        address: string | null;
        request_headers: Record<string, string>;
        status: number | null;
        response_headers: Record<string, string> | null;
        response_body: string | null;
        response_cut: boolean;
        error_code: string | null;
        error_detail: string | null;
        started_at: string;
        duration_ms: number;
      })[];
      next_cursor: string | null;
    };
  };
  "GET /v1/webhooks/{id}/replays/{replay_id}": {
    answer: {
      replay_id: string;
      webhook_id: string;
      status: "running" | "completed";
      deliveries: number;
      created_at: string;
      finished_at: string | null;
    };
  };
  "PATCH /v1/business-models/{model_id}": {
    body: {
      name?: string;
      status?: "active" | "retired";
      default_plan_id?: string | null;
    };
    answer: {
      model_id: string;
      code: string;
      name: string;
      status: "active" | "retired";
      version: number;
      currency: string;
      default_plan_id: string | null;
      created_at: string;
    };
  };
  "PATCH /v1/inbound-endpoints/{id}": {
    body: {
      name?: string;
      reference?: string | null;
      enabled?: boolean;
    };
    answer: {
      endpoint_id: string;
      kind: string;
      name: string;
      reference: string | null;
      enabled: boolean;
      revoked_at: string | null;
      created_at: string;
      secrets: ({
        secret_id: string;
        created_at: string;
        good_until: string | null;
      })[];
    };
  };
  "PATCH /v1/orgs/{id}": {
    body: {
      legal_name?: string;
      billing_email?: string;
      default_timezone?: string;
      currency?: string | null;
      parent_org_id?: string | null;
      partner_tier?: string | null;
      tax_id?: string | null;
      visibility?: "private" | "partners" | "public";
    };
    answer: {
      org_id: string;
      legal_name: string;
      org_slug: string;
      billing_email: string;
      default_timezone: string;
      currency: string | null;
      parent_org_id: string | null;
      partner_tier: string | null;
      tax_id: string | null;
      visibility: "private" | "partners" | "public";
      is_own: boolean;
      created_at: string;
    };
  };
  "PATCH /v1/orgs/{id}/members/{user_id}": {
    body: {
      role: "admin" | "finance" | "technical" | "user";
    };
    answer: {
      user_id: string;
      org_id: string;
      email: string;
      name: string;
      role: "admin" | "finance" | "technical" | "user";
      status: "active" | "pending";
      created_at: string;
    };
  };
  "PATCH /v1/partners-of-record/{partner_of_record_id}": {
    body: {
      end_at: string;
    };
    answer: {
      partner_of_record_id: string;
      org_id: string;
      partner_id: string;
      start_at: string;
      end_at: string | null;
      status: "active" | "expired" | "disputed";
      created_at: string;
    };
  };
  "PATCH /v1/plans/{plan_id}": {
    body: {
      status?: "active" | "retired";
      notes?: string | null;
    };
    answer: {
      plan_id: string;
      model_id: string;
      name: string;
      tier: string | null;
      status: "active" | "retired";
      notes: string | null;
      base_amount: string | null;
      billing_interval: string;
      currency: string;
      created_at: string;
    };
  };
  "PATCH /v1/pricing/drafts/{draft_id}": {
    body: {
      name?: string;
      base_amount?: string | number | null;
      skus?: Record<string, unknown>;
    };
    answer: {
      draft_id: string;
      plan_id: string;
      name: string;
      status: "draft" | "published" | "discarded";
      base_amount: string | null;
      skus: Record<string, Record<string, unknown>>;
      content_hash: string;
      created_at: string;
      created_by: string;
      updated_at: string;
      published_at: string | null;
      published_by: string | null;
      backtest_id: string | null;
    };
  };
  "PATCH /v1/sites/{id}/occupancies/{occupancy_id}": {
    body: {
      to: string;
    };
    answer: {
      occupancy_id: string;
      site_id: string;
      org_id: string;
      from: string;
      to: string | null;
    };
  };
  "PATCH /v1/skus/{sku}": {
    body: {
      type?: "hosting" | "object" | "validation" | "action" | "analytics" | "energy";
      unit?: string;
      aggregation?: "sum" | "count" | "max" | "min" | "latest" | "unique_count" | "average" | "weighted_sum";
      dimensions?: string[];
      late_policy?: "adjust_next" | "absorb" | "rebill" | "reject";
      allow_negative?: boolean;
      cost?: string | number | null;
      retail?: string | number | null;
      tax_code?: string | null;
      metadata?: Record<string, unknown>;
    };
    answer: {
      sku: string;
      type: "hosting" | "object" | "validation" | "action" | "analytics" | "energy";
      unit: string;
      aggregation: "sum" | "count" | "max" | "min" | "latest" | "unique_count" | "average" | "weighted_sum";
      dimensions: string[];
      late_policy: "adjust_next" | "absorb" | "rebill" | "reject";
      allow_negative: boolean;
      cost: string | null;
      retail: string | null;
      tax_code: string | null;
      metadata: Record<string, unknown>;
      created_at: string;
    };
  };
  "PATCH /v1/webhooks/{id}": {
    body: {
      url?: string;
      event_types?: string[];
      schedule?: "standard" | "extended";
      description?: string | null;
      version?: number;
    };
    answer: {
      webhook_id: string;
      org_id: string | null;
      managed_by: "tenant" | "organization";
      url: string;
      event_types: string[];
      schedule: "standard" | "extended";
      description: string | null;
      status: "enabled" | "disabled";
      disabled_reason: "on_request" | "gone" | "failing" | "deleted" | null;
      disabled_at: string | null;
      version: number;
      created_at: string;
      failing_since: string | null;
      paused_until: string | null;
    };
  };
  "POST /v1/api-keys": {
    body: {
      name: string;
      scopes: string[];
      expires_at?: string;
      org_id?: string;
    };
    answer: {
      api_key_id: string;
      name: string;
      prefix: string;
      last_four: string;
      scopes: string[];
      org_id: string | null;
      created_by: string;
      created_at: string;
      expires_at: string | null;
      revoked_at: string | null;
      last_used_at: string | null;
      key: string;
    };
  };
  "POST /v1/billing/charges": {
    body: {
      org_id: string;
      project_id?: string;
      lines: ({
        sku: string;
        quantity: string | number;
        request_id: string;
      })[];
    };
    answer: {
      lines: ({
        entry_id: string;
        org_id: string;
        project_id: string | null;
        sku: string | null;
        quantity: string;
        amount_exact: string;
        amount_gross: {
          amount: string;
          currency: string;
        };
        partner_id: string | null;
        partner_pct: string;
        partner_amount: {
          amount: string;
          currency: string;
        };
        net: {
          amount: string;
          currency: string;
        };
        status: "pending" | "settled" | "reversed";
        charge_id: string | null;
        invoice_id: string | null;
        period: {
          from: string;
          to: string;
        } | null;
        corrects: string | null;
        created_at: string;
      })[];
    };
  };
  "POST /v1/billing/cycles/{id}:retry": {
    answer: {
      cycle_id: string;
      org_id: string;
      from: string;
      to: string;
      time_zone: string;
      from_at: string;
      to_at: string;
      closed_at: string;
      closed_by: "scheduler" | "run";
      run: {
        run_id: string;
        status: "queued" | "running" | "completed" | "failed";
        invoices: number;
        errors: number;
      } | null;
      refusal: {
        code: string;
        detail: string;
      } | null;
    };
  };
  "POST /v1/billing/previews": {
    body: {
      org_id: string;
      from: string;
      to: string;
    };
    answer: {
      org_id: string;
      period: {
        from: string;
        to: string;
      };
      already_billed: number;
      errors: ({
        org_id: string;
        subscription_id: string;
        code: string;
        detail: string;
      })[];
      invoices: ({
        total: {
          amount: string;
          currency: string;
        };
        lines: ({
          description: string;
          sku: string | null;
          unit: string | null;
          quantity: string;
          amount: {
            amount: string;
            currency: string;
          };
          amount_exact: string;
          period: {
            from: string;
            to: string;
          };
          steps: (Record<string, unknown>)[];
        })[];
      })[];
    };
  };
  "POST /v1/billing/runs": {
    body: {
      from: string;
      to: string;
      org_id?: string;
    };
    answer: {
      run_id: string;
      from: string;
      to: string;
      org_id: string | null;
      status: "queued" | "running" | "completed" | "failed";
      progress: {
        total: number;
        done: number;
      };
      invoices: number;
      already_billed: number;
      errors: ({
        org_id?: string;
        subscription_id?: string;
        code: string;
        detail: string;
      })[];
      created_at: string;
      finished_at: string | null;
    };
  };
  "POST /v1/business-models": {
    body: {
      code: string;
      name: string;
      currency: string;
    };
    answer: {
      model_id: string;
      code: string;
      name: string;
      status: "active" | "retired";
      version: number;
      currency: string;
      default_plan_id: string | null;
      created_at: string;
    };
  };
  "POST /v1/events/{event_id}:redispatch": {
    answer: {
      redispatched: number;
    };
  };
  "POST /v1/events:redispatch": {
    body: {
      type?: string;
      aggregate_id?: string;
      correlation_id?: string;
      status?: "published" | "routed" | "dead";
      from?: string;
      to?: string;
      limit?: number;
    };
    answer: {
      redispatched: number;
      more: boolean;
    };
  };
  "POST /v1/inbound-endpoints": {
    body: {
      kind: string;
      name: string;
      reference?: string | null;
      secret?: string;
    };
    answer: {
      endpoint_id: string;
      kind: string;
      name: string;
      reference: string | null;
      enabled: boolean;
      revoked_at: string | null;
      created_at: string;
      secrets: ({
        secret_id: string;
        created_at: string;
        good_until: string | null;
      })[];
      secret: string | null;
    };
  };
  "POST /v1/inbound-endpoints/{id}:rotate-secret": {
    body: {
      keep_hours?: number;
      secret?: string;
    };
    answer: {
      endpoint_id: string;
      kind: string;
      name: string;
      reference: string | null;
      enabled: boolean;
      revoked_at: string | null;
      created_at: string;
      secrets: ({
        secret_id: string;
        created_at: string;
        good_until: string | null;
      })[];
      secret: string | null;
    };
  };
  "POST /v1/inbound-webhooks/{id}:reprocess": {
    answer: {
      inbound_webhook_id: string;
      endpoint_id: string;
      kind: string;
      message_id: string;
      type: string | null;
      status: "received" | "processed" | "ignored" | "failed" | "dead";
      attempts: number;
      next_attempt_at: string | null;
      received_at: string;
      signed_at: string;
      secret_id: string | null;
      finished_at: string | null;
      last_error: {
        code: string;
        status: number;
        title: string;
        detail?: string;
        errors?: ({
          pointer: string;
          code: string;
          detail: string;
        })[];
      } | null;
      body_bytes: number | null;
    };
  };
  "POST /v1/invoices/{id}/credit-notes": {
    body: {
      reason: string;
      lines: "all" | ({
        line_id: string;
        amount?: {
          amount: string | number;
          currency: string;
        };
      })[];
    };
    answer: {
      credit_note_id: string;
      number: string;
      kind: "correction" | "rebill";
      invoice_id: string;
      invoice_number: string;
      org_id: string;
      org_name: string;
      currency: string;
      total: {
        amount: string;
        currency: string;
      };
      reason: string;
      after_payment: boolean;
      issued_at: string;
      lines: ({
        line_id: string;
        invoice_line_id: string;
        description: string;
        sku: string | null;
        amount: {
          amount: string;
          currency: string;
        };
        left: {
          amount: string;
          currency: string;
        };
      })[];
      receipt: {
        seq: number;
        hash: string;
        issued_at: string;
      } | null;
    };
  };
  "POST /v1/invoices/{id}:mark-paid": {
    body: {
      paid_at?: string;
      reference?: string;
    };
    answer: {
      invoice_id: string;
      number: string;
      org_id: string;
      org_name: string;
      status: "draft" | "open" | "paid" | "void" | "uncollectible";
      currency: string;
      period: {
        from: string;
        to: string;
      };
      total: {
        amount: string;
        currency: string;
      };
      credited: {
        amount: string;
        currency: string;
      };
      balance: {
        amount: string;
        currency: string;
      };
      issued_at: string;
      due_at: string;
      paid_at: string | null;
      voided_at: string | null;
      uncollectible_at: string | null;
      run_id: string;
      void_reason: string | null;
      payment_reference: string | null;
      lines: ({
        line_id: string;
        description: string;
        sku: string | null;
        unit: string | null;
        quantity: string;
        amount: {
          amount: string;
          currency: string;
        };
        amount_exact: string;
        credited: {
          amount: string;
          currency: string;
        };
        period: {
          from: string;
          to: string;
        };
      })[];
      receipt: {
        seq: number;
        hash: string;
        issued_at: string;
      } | null;
    };
  };
  "POST /v1/invoices/{id}:mark-uncollectible": {
    body: {
      reason?: string;
    };
    answer: {
      invoice_id: string;
      number: string;
      org_id: string;
      org_name: string;
      status: "draft" | "open" | "paid" | "void" | "uncollectible";
      currency: string;
      period: {
        from: string;
        to: string;
      };
      total: {
        amount: string;
        currency: string;
      };
      credited: {
        amount: string;
        currency: string;
      };
      balance: {
        amount: string;
        currency: string;
      };
      issued_at: string;
      due_at: string;
      paid_at: string | null;
      voided_at: string | null;
      uncollectible_at: string | null;
      run_id: string;
      void_reason: string | null;
      payment_reference: string | null;
      lines: ({
        line_id: string;
        description: string;
        sku: string | null;
        unit: string | null;
        quantity: string;
        amount: {
          amount: string;
          currency: string;
        };
        amount_exact: string;
        credited: {
          amount: string;
          currency: string;
        };
        period: {
          from: string;
          to: string;
        };
      })[];
      receipt: {
        seq: number;
        hash: string;
        issued_at: string;
      } | null;
    };
  };
  "POST /v1/invoices/{id}:void": {
    body: {
      reason: string;
    };
    answer: {
      invoice_id: string;
      number: string;
      org_id: string;
      org_name: string;
      status: "draft" | "open" | "paid" | "void" | "uncollectible";
      currency: string;
      period: {
        from: string;
        to: string;
      };
      total: {
        amount: string;
        currency: string;
      };
      credited: {
        amount: string;
        currency: string;
      };
      balance: {
        amount: string;
        currency: string;
      };
      issued_at: string;
      due_at: string;
      paid_at: string | null;
      voided_at: string | null;
      uncollectible_at: string | null;
      run_id: string;
      void_reason: string | null;
      payment_reference: string | null;
      lines: ({
        line_id: string;
        description: string;
        sku: string | null;
        unit: string | null;
        quantity: string;
        amount: {
          amount: string;
          currency: string;
        };
        amount_exact: string;
        credited: {
          amount: string;
          currency: string;
        };
        period: {
          from: string;
          to: string;
        };
      })[];
      receipt: {
        seq: number;
        hash: string;
        issued_at: string;
      } | null;
    };
  };
  "POST /v1/metering/corrections": {
    body: {
      corrections: unknown[];
    };
    answer: {
      accepted: number;
      duplicates: number;
      rejected: ({
        index: number;
        request_id: string | null;
        code: string;
        detail: string;
      })[];
      late: ({
        request_id: string;
        late_policy: "adjust_next" | "absorb" | "rebill" | "reject";
      })[];
      ack: string;
    };
  };
  "POST /v1/metering/csv-mappings": {
    body: {
      name: string;
      definition: {
        delimiter?: "," | ";" | "\t" | "|";
        encoding?: "utf-8" | "utf-16le" | "iso-8859-1" | "windows-1252";
        decimal_mark?: "." | ",";
        skip_lines?: number;
        header?: boolean;
        meter: {
          column: string | number;
        } | {
          value: string;
        };
        register?: {
          column: string | number;
        } | {
          value: string;
        };
        org?: {
          column: string | number;
        } | {
          value: string;
        };
        unit: {
          column: string | number;
        } | {
          value: string;
        };
        flow?: "import" | "export";
        commodity?: "electricity" | "gas" | "water" | "heat";
        time: {
          columns: (string | number)[];
          format: string;
          zone?: string;
          marks?: "start" | "end";
          overlap?: "in_order" | "earlier" | "later" | "refuse";
        };
        interval_minutes: number;
        quantity: {
          column: string | number;
        } | {
          first_column: string | number;
          columns: number;
          counts?: "clock" | "elapsed";
        };
        quality?: {
          value: "A" | "S" | "F" | "E" | "N" | "V";
        } | {
          column: string | number;
          map: Record<string, "A" | "S" | "F" | "E" | "N" | "V">;
          otherwise?: "A" | "S" | "F" | "E" | "N" | "V";
        };
      };
    };
    answer: {
      mapping_id: string;
      name: string;
      definition: {
        delimiter: "," | ";" | "\t" | "|";
        encoding: "utf-8" | "utf-16le" | "iso-8859-1" | "windows-1252";
        decimal_mark: "." | ",";
        skip_lines: number;
        header: boolean;
        meter: {
          column: string | number;
        } | {
          value: string;
        };
        register: {
          column: string | number;
        } | {
          value: string;
        };
        org?: {
          column: string | number;
        } | {
          value: string;
        };
        unit: {
          column: string | number;
        } | {
          value: string;
        };
        flow?: "import" | "export";
        commodity: "electricity" | "gas" | "water" | "heat";
        time: {
          columns: (string | number)[];
          format: string;
          zone?: string;
          marks: "start" | "end";
          overlap: "in_order" | "earlier" | "later" | "refuse";
        };
        interval_minutes: number;
        quantity: {
          column: string | number;
        } | {
          first_column: string | number;
          columns: number;
          counts: "clock" | "elapsed";
        };
        quality: {
          value: "A" | "S" | "F" | "E" | "N" | "V";
        } | {
          column: string | number;
          map: Record<string, "A" | "S" | "F" | "E" | "N" | "V">;
          otherwise?: "A" | "S" | "F" | "E" | "N" | "V";
        };
      };
      created_at: string;
      updated_at: string;
    };
  };
  "POST /v1/metering/deprecations": {
    body: {
      org_id: string;
      sku: string;
      from: string;
      to: string;
      reason: string;
      source?: "form_submit" | "backend" | "meter" | "import" | "manual" | "replay";
    };
    answer: {
      deprecation_id: string;
      org_id: string;
      sku: string;
      from: string;
      to: string;
      reason: string;
      source: "form_submit" | "backend" | "meter" | "import" | "manual" | "replay";
      status: "running" | "completed";
      reached: string | null;
      voided: number;
      corrected_before: number;
      refused: number;
      created_at: string;
      finished_at: string | null;
    };
  };
  "POST /v1/metering/events": {
    query: {
      leaves?: "true" | "false";
    };
    body: ({
      request_id: string;
      sku: string;
      quantity?: string;
      amount?: string;
      properties?: Record<string, unknown>;
      org_id: string;
      project_id?: string;
      time: string;
      source?: string;
      metadata?: Record<string, unknown>;
    })[] | {
      events: ({
        request_id: string;
        sku: string;
        quantity?: string;
        amount?: string;
        properties?: Record<string, unknown>;
        org_id: string;
        project_id?: string;
        time: string;
        source?: string;
        metadata?: Record<string, unknown>;
      })[];
    };
    answer: {
      accepted: number;
      duplicates: number;
      rejected: ({
        index: number;
        request_id: string | null;
        code: string;
        detail: string;
      })[];
      late: ({
        index: number;
        request_id: string;
        late_policy: "adjust_next" | "absorb" | "rebill" | "reject";
      })[];
      leaves?: string[];
      ack: string;
    };
  };
  "POST /v1/metering/events/{request_id}:amend": {
    body: {
      reason: string;
      source?: "form_submit" | "backend" | "meter" | "import" | "manual" | "replay";
      request_id?: string;
      quantity?: string | number | null;
      amount?: string | number | null;
      properties?: Record<string, unknown> | null;
      time?: string;
      org_id?: string;
      project_id?: string | null;
      sku?: string;
      metadata?: Record<string, unknown> | null;
    };
    answer: {
      counter: {
        event_id: string;
        request_id: string;
        org_id: string;
        project_id: string | null;
        sku: string;
        quantity: string | null;
        amount: string | null;
        properties: Record<string, unknown> | null;
        time: string;
        source: "form_submit" | "backend" | "meter" | "import" | "manual" | "replay";
        metadata: Record<string, unknown> | null;
        voids: string | null;
        amends: string | null;
        leaf: string;
        received_at: string;
      };
      replacement: {
        event_id: string;
        request_id: string;
        org_id: string;
        project_id: string | null;
        sku: string;
        quantity: string | null;
        amount: string | null;
        properties: Record<string, unknown> | null;
        time: string;
        source: "form_submit" | "backend" | "meter" | "import" | "manual" | "replay";
        metadata: Record<string, unknown> | null;
        voids: string | null;
        amends: string | null;
        leaf: string;
        received_at: string;
      } | null;
      late: ({
        request_id: string;
        late_policy: "adjust_next" | "absorb" | "rebill" | "reject";
      })[];
      ack: string;
    };
  };
  "POST /v1/metering/events/{request_id}:void": {
    body: {
      reason: string;
      source?: "form_submit" | "backend" | "meter" | "import" | "manual" | "replay";
    };
    answer: {
      counter: {
        event_id: string;
        request_id: string;
        org_id: string;
        project_id: string | null;
        sku: string;
        quantity: string | null;
        amount: string | null;
        properties: Record<string, unknown> | null;
        time: string;
        source: "form_submit" | "backend" | "meter" | "import" | "manual" | "replay";
        metadata: Record<string, unknown> | null;
        voids: string | null;
        amends: string | null;
        leaf: string;
        received_at: string;
      };
      replacement: {
        event_id: string;
        request_id: string;
        org_id: string;
        project_id: string | null;
        sku: string;
        quantity: string | null;
        amount: string | null;
        properties: Record<string, unknown> | null;
        time: string;
        source: "form_submit" | "backend" | "meter" | "import" | "manual" | "replay";
        metadata: Record<string, unknown> | null;
        voids: string | null;
        amends: string | null;
        leaf: string;
        received_at: string;
      } | null;
      late: ({
        request_id: string;
        late_policy: "adjust_next" | "absorb" | "rebill" | "reject";
      })[];
      ack: string;
    };
  };
  "POST /v1/metering/gateways": {
    body: {
      name: string;
    };
    answer: {
      gateway_id: string;
      name: string;
      old_secret_until: string | null;
      revoked_at: string | null;
      created_at: string;
      secret: string;
    };
  };
  "POST /v1/metering/gateways/{gateway_id}/readings": {
    answer: {
      readings: ({
        index: number;
        reading_id: string;
        outcome: "recorded" | "replaced" | "unchanged" | "not_applied" | "held";
      })[];
      rejected: ({
        index: number;
        code: string;
        detail: string;
      })[];
    } | {
      inbound_webhook_id: string;
    };
  };
  "POST /v1/metering/gateways/{gateway_id}:revoke": {
    answer: {
      gateway_id: string;
      name: string;
      old_secret_until: string | null;
      revoked_at: string | null;
      created_at: string;
    };
  };
  "POST /v1/metering/gateways/{gateway_id}:rotate": {
    body: {
      keep_hours?: number;
    };
    answer: {
      gateway_id: string;
      name: string;
      old_secret_until: string | null;
      revoked_at: string | null;
      created_at: string;
      secret: string;
    };
  };
  "POST /v1/metering/imports": {
    answer: {
      import_id: string;
      filename: string;
      sha256: string;
      bytes: number;
      format: "auto" | "csv" | "nem12" | "nem13" | "greenbutton" | "mscons";
      on_error: "reject" | "keep_good";
      org_id: string | null;
      mapping: string | null;
      status: "queued" | "running" | "completed" | "rejected" | "failed";
      progress: {
        bytes_done: number;
        bytes_total: number;
        rows_done: number;
      };
      totals: {
        lines: number;
        accepted: number;
        duplicates: number;
        rejected: number;
        unmapped: number;
        missing: number;
        held: number;
        quantities: Record<string, string>;
      };
      error_count: number;
      same_as: string | null;
      created_at: string;
      finished_at: string | null;
    };
  };
  "POST /v1/metering/photos": {
    answer: {
      photo_id: string;
      sha256: string;
      media_type: "image/jpeg" | "image/png" | "image/webp";
      bytes: number;
      created_at: string;
    };
  };
  "POST /v1/metering/reading-rules": {
    body: {
      sku?: string;
      meter_id?: string;
      kind: "below_min" | "above_max" | "spike" | "zeros" | "negative" | "backwards" | "future" | "unit_mismatch" | "no_occupant";
      action: "accept_and_flag" | "hold";
      threshold?: string | number;
    };
    answer: {
      rule_id: string;
      sku: string | null;
      meter_id: string | null;
      kind: "below_min" | "above_max" | "spike" | "zeros" | "negative" | "backwards" | "future" | "unit_mismatch" | "no_occupant";
      action: "accept_and_flag" | "hold";
      threshold: string | null;
      created_at: string;
    };
  };
  "POST /v1/metering/readings": {
    body: {
      meter_id: string;
      register?: string;
      time: string;
      value: string | number;
      quality: "actual" | "estimated" | "substituted" | "final" | "customer" | "A" | "E" | "S" | "F";
      unit?: string;
      photo_id?: string;
    } | {
      readings: ({
        meter_id: string;
        register?: string;
        time: string;
        value: string | number;
        quality: "actual" | "estimated" | "substituted" | "final" | "customer" | "A" | "E" | "S" | "F";
        unit?: string;
        photo_id?: string;
      })[];
    } | ({
      meter_id: string;
      register?: string;
      time: string;
      value: string | number;
      quality: "actual" | "estimated" | "substituted" | "final" | "customer" | "A" | "E" | "S" | "F";
      unit?: string;
      photo_id?: string;
    })[];
    answer: {
      data: ({
        reading_id: string;
        meter_id: string;
        register: string;
        time: string;
        value: string;
        quality: "actual" | "estimated" | "substituted" | "final" | "customer";
        state: "counted" | "held" | "superseded" | "rejected";
        source: "manual" | "gateway" | "import" | "estimate";
        is_last: boolean;
        flags: ("below_min" | "above_max" | "spike" | "zeros" | "negative" | "backwards" | "future" | "unit_mismatch" | "no_occupant")[];
        photo_id: string | null;
        created_by: {
          kind: string;
          id: string;
          name?: string;
        } | null;
        created_at: string;
        usage: {
          request_id: string;
          org_id: string;
          sku: string;
          quantity: string;
          time: string;
          refusal: string | null;
        } | null;
        outcome: "recorded" | "replaced" | "unchanged" | "not_applied" | "held";
        reasons: ({
          code: "below_min" | "above_max" | "spike" | "zeros" | "negative" | "backwards" | "future" | "unit_mismatch" | "no_occupant";
          detail: string;
        })[];
      })[];
    };
  };
  "POST /v1/metering/replays": {
    body: {
      from_store: {
        org_id?: string;
        sku?: string;
        from: string;
        to: string;
      };
    } | null;
    answer: {
      replay_id: string;
      origin: "file" | "store";
      sha256: string | null;
      org_id: string | null;
      sku: string | null;
      from: string | null;
      to: string | null;
      status: "running" | "completed";
      accepted: number;
      duplicates: number;
      rejected: number;
      rejections: ({
        line: number | null;
        request_id: string | null;
        code: string;
        detail: string;
      })[];
      created_at: string;
      finished_at: string | null;
    };
  };
  "POST /v1/metering/reviews/{id}:accept": {
    answer: {
      review_id: string;
      status: "open" | "accepted" | "corrected" | "rejected";
      reasons: ({
        code: "below_min" | "above_max" | "spike" | "zeros" | "negative" | "backwards" | "future" | "unit_mismatch" | "no_occupant";
        detail: string;
      })[];
      reading: {
        reading_id: string;
        meter_id: string;
        register: string;
        time: string;
        value: string;
        quality: "actual" | "estimated" | "substituted" | "final" | "customer";
        state: "counted" | "held" | "superseded" | "rejected";
        source: "manual" | "gateway" | "import" | "estimate";
        is_last: boolean;
        flags: ("below_min" | "above_max" | "spike" | "zeros" | "negative" | "backwards" | "future" | "unit_mismatch" | "no_occupant")[];
        photo_id: string | null;
        created_by: {
          kind: string;
          id: string;
          name?: string;
        } | null;
        created_at: string;
        usage: {
          request_id: string;
          org_id: string;
          sku: string;
          quantity: string;
          time: string;
          refusal: string | null;
        } | null;
      };
      identifier: string;
      unit: string;
      before: {
        time: string;
        value: string;
      } | null;
      note: string | null;
      corrected_by: string | null;
      decided_by: {
        kind: string;
        id: string;
        name?: string;
      } | null;
      decided_at: string | null;
      created_at: string;
    };
  };
  "POST /v1/metering/reviews/{id}:correct": {
    body: {
      value: string | number;
    };
    answer: {
      review_id: string;
      status: "open" | "accepted" | "corrected" | "rejected";
      reasons: ({
        code: "below_min" | "above_max" | "spike" | "zeros" | "negative" | "backwards" | "future" | "unit_mismatch" | "no_occupant";
        detail: string;
      })[];
      reading: {
        reading_id: string;
        meter_id: string;
        register: string;
        time: string;
        value: string;
        quality: "actual" | "estimated" | "substituted" | "final" | "customer";
        state: "counted" | "held" | "superseded" | "rejected";
        source: "manual" | "gateway" | "import" | "estimate";
        is_last: boolean;
        flags: ("below_min" | "above_max" | "spike" | "zeros" | "negative" | "backwards" | "future" | "unit_mismatch" | "no_occupant")[];
        photo_id: string | null;
        created_by: {
          kind: string;
          id: string;
          name?: string;
        } | null;
        created_at: string;
        usage: {
          request_id: string;
          org_id: string;
          sku: string;
          quantity: string;
          time: string;
          refusal: string | null;
        } | null;
      };
      identifier: string;
      unit: string;
      before: {
        time: string;
        value: string;
      } | null;
      note: string | null;
      corrected_by: string | null;
      decided_by: {
        kind: string;
        id: string;
        name?: string;
      } | null;
      decided_at: string | null;
      created_at: string;
    };
  };
  "POST /v1/metering/reviews/{id}:reject": {
    body: {
      reason: string;
    };
    answer: {
      review_id: string;
      status: "open" | "accepted" | "corrected" | "rejected";
      reasons: ({
        code: "below_min" | "above_max" | "spike" | "zeros" | "negative" | "backwards" | "future" | "unit_mismatch" | "no_occupant";
        detail: string;
      })[];
      reading: {
        reading_id: string;
        meter_id: string;
        register: string;
        time: string;
        value: string;
        quality: "actual" | "estimated" | "substituted" | "final" | "customer";
        state: "counted" | "held" | "superseded" | "rejected";
        source: "manual" | "gateway" | "import" | "estimate";
        is_last: boolean;
        flags: ("below_min" | "above_max" | "spike" | "zeros" | "negative" | "backwards" | "future" | "unit_mismatch" | "no_occupant")[];
        photo_id: string | null;
        created_by: {
          kind: string;
          id: string;
          name?: string;
        } | null;
        created_at: string;
        usage: {
          request_id: string;
          org_id: string;
          sku: string;
          quantity: string;
          time: string;
          refusal: string | null;
        } | null;
      };
      identifier: string;
      unit: string;
      before: {
        time: string;
        value: string;
      } | null;
      note: string | null;
      corrected_by: string | null;
      decided_by: {
        kind: string;
        id: string;
        name?: string;
      } | null;
      decided_at: string | null;
      created_at: string;
    };
  };
  "POST /v1/meters": {
    body: {
      site_id: string;
      identifier: string;
      sku: string;
      registers?: (string | {
        register: string;
        sku?: string;
        unit?: string;
        direction?: "import" | "export";
        kind?: "interval" | "cumulative";
        every_minutes?: number | null;
        digits?: number | null;
        multiplier?: string | number;
      })[];
    };
    answer: {
      meter_id: string;
      site_id: string;
      identifier: string;
      sku: string;
      registers: ({
        register: string;
        sku: string;
        unit: string;
        direction: "import" | "export";
        kind: "interval" | "cumulative";
        every_minutes: number | null;
        digits: number | null;
        multiplier: string;
      })[];
      devices: ({
        register: string;
        installed_at: string;
        serial: string | null;
        digits: number | null;
        multiplier: string;
      })[];
      created_at: string;
    };
  };
  "POST /v1/meters/{id}/gaps:estimate": {
    body: {
      register: string;
      from: string;
      to: string;
    };
    answer: {
      data: ({
        reading_id: string;
        meter_id: string;
        register: string;
        time: string;
        value: string;
        quality: "actual" | "estimated" | "substituted" | "final" | "customer";
        state: "counted" | "held" | "superseded" | "rejected";
        source: "manual" | "gateway" | "import" | "estimate";
        is_last: boolean;
        flags: ("below_min" | "above_max" | "spike" | "zeros" | "negative" | "backwards" | "future" | "unit_mismatch" | "no_occupant")[];
        photo_id: string | null;
        created_by: {
          kind: string;
          id: string;
          name?: string;
        } | null;
        created_at: string;
        usage: {
          request_id: string;
          org_id: string;
          sku: string;
          quantity: string;
          time: string;
          refusal: string | null;
        } | null;
        outcome: "recorded" | "replaced" | "unchanged" | "not_applied" | "held";
        reasons: ({
          code: "below_min" | "above_max" | "spike" | "zeros" | "negative" | "backwards" | "future" | "unit_mismatch" | "no_occupant";
          detail: string;
        })[];
      })[];
    };
  };
  "POST /v1/meters/{id}:replace": {
    body: {
      at: string;
      serial?: string | null;
      registers: ({
        register: string;
        final: string | number;
        initial?: string | number;
        digits?: number | null;
        multiplier?: string | number;
      })[];
    };
    answer: {
      meter_id: string;
      site_id: string;
      identifier: string;
      sku: string;
      registers: ({
        register: string;
        sku: string;
        unit: string;
        direction: "import" | "export";
        kind: "interval" | "cumulative";
        every_minutes: number | null;
        digits: number | null;
        multiplier: string;
      })[];
      devices: ({
        register: string;
        installed_at: string;
        serial: string | null;
        digits: number | null;
        multiplier: string;
      })[];
      created_at: string;
    };
  };
  "POST /v1/orgs": {
    body: {
      legal_name: string;
      org_slug: string;
      billing_email: string;
      default_timezone: string;
      currency?: string;
      parent_org_id?: string;
      partner_tier?: string;
      tax_id?: string;
      visibility?: "private" | "partners" | "public";
    };
    answer: {
      org_id: string;
      legal_name: string;
      org_slug: string;
      billing_email: string;
      default_timezone: string;
      currency: string | null;
      parent_org_id: string | null;
      partner_tier: string | null;
      tax_id: string | null;
      visibility: "private" | "partners" | "public";
      is_own: boolean;
      created_at: string;
    };
  };
  "POST /v1/orgs/{id}/children": {
    body: {
      legal_name?: string;
      org_slug?: string;
      billing_email?: string;
      default_timezone?: string;
      currency?: string;
      partner_tier?: string;
      tax_id?: string;
      visibility?: "private" | "partners" | "public";
      org_id?: string;
    };
    answer: {
      org_id: string;
      legal_name: string;
      org_slug: string;
      billing_email: string;
      default_timezone: string;
      currency: string | null;
      parent_org_id: string | null;
      partner_tier: string | null;
      tax_id: string | null;
      visibility: "private" | "partners" | "public";
      is_own: boolean;
      created_at: string;
    };
  };
  "POST /v1/orgs/{id}/entitlements": {
    body: {
      plan_id: string;
      effective_at: string;
      overrides?: {
        base_amount?: string | number;
        skus?: Record<string, {
          included_qty?: unknown;
          overage_price?: unknown;
          price?: unknown;
        }>;
      };
    };
    answer: {
      subscription_id: string;
      org_id: string;
      plan_id: string;
      plan_name: string;
      overrides: Record<string, unknown>;
      effective_at: string;
      ended_at: string | null;
      billed_until: string | null;
      status: "scheduled" | "active" | "ended";
      created_at: string;
    };
  };
  "POST /v1/orgs/{id}/members": {
    body: {
      email: string;
      name?: string;
      role: "admin" | "finance" | "technical" | "user";
    };
    answer: {
      user_id: string;
      org_id: string;
      email: string;
      name: string;
      role: "admin" | "finance" | "technical" | "user";
      status: "active" | "pending";
      created_at: string;
      setup_token: string;
      setup_expires_at: string;
    };
  };
  "POST /v1/partners-of-record": {
    body: {
      org_id?: string;
      billing_account_id?: string;
      partner_id: string;
      start_at: string;
      end_at?: string;
    };
    answer: {
      partner_of_record_id: string;
      org_id: string;
      partner_id: string;
      start_at: string;
      end_at: string | null;
      status: "active" | "expired" | "disputed";
      created_at: string;
    };
  };
  "POST /v1/plans": {
    body: {
      model_id: string;
      name: string;
      tier?: string;
      notes?: string;
      base_amount?: string | number;
      billing_interval?: string;
    };
    answer: {
      plan_id: string;
      model_id: string;
      name: string;
      tier: string | null;
      status: "active" | "retired";
      notes: string | null;
      base_amount: string | null;
      billing_interval: string;
      currency: string;
      created_at: string;
    };
  };
  "POST /v1/pricing/backtests": {
    body: {
      draft_id?: string;
      plan_id?: string;
      base_amount?: string | number | null;
      skus?: Record<string, unknown>;
      compare_draft_id?: string;
      from: string;
      to: string;
      org_ids?: "all" | string[];
      over_percent?: string | number;
    };
    answer: {
      backtest_id: string;
      plan_id: string;
      draft_id: string | null;
      compare_draft_id: string | null;
      content_hash: string;
      currency: string;
      from: string;
      to: string;
      months: string[];
      org_ids: string[] | null;
      over_percent: string;
      status: "queued" | "running" | "completed" | "failed" | "cancelled";
      progress: {
        done: number;
        total: number;
      };
      summary: {
        currency: string;
        organizations: number;
        organization_months: number;
        before: {
          revenue: {
            amount: string;
            currency: string;
          };
          partners: {
            amount: string;
            currency: string;
          };
        };
        draft: {
          revenue: {
            amount: string;
            currency: string;
          };
          partners: {
            amount: string;
            currency: string;
          };
          difference: {
            amount: string;
            currency: string;
          };
          percent: string | null;
          paying_more: number;
          paying_less: number;
          paying_the_same: number;
          over: {
            percent: string;
            organizations: number;
            share: string | null;
          };
          change: {
            p5: {
              amount: string;
              currency: string;
            };
            p25: {
              amount: string;
              currency: string;
            };
            p50: {
              amount: string;
              currency: string;
            };
            p75: {
              amount: string;
              currency: string;
            };
            p95: {
              amount: string;
              currency: string;
            };
          } | null;
          change_percent: {
            p5: string;
            p25: string;
            p50: string;
            p75: string;
            p95: string;
          } | null;
          distribution: ({
            from: string | null;
            to: string | null;
            organizations: number;
          })[];
        };
        compare: {
          revenue: {
            amount: string;
            currency: string;
          };
          partners: {
            amount: string;
            currency: string;
          };
          difference: {
            amount: string;
            currency: string;
          };
          percent: string | null;
          paying_more: number;
          paying_less: number;
          paying_the_same: number;
          over: {
            percent: string;
            organizations: number;
            share: string | null;
          };
          change: {
            p5: {
              amount: string;
              currency: string;
            };
            p25: {
              amount: string;
              currency: string;
            };
            p50: {
              amount: string;
              currency: string;
            };
            p75: {
              amount: string;
              currency: string;
            };
            p95: {
              amount: string;
              currency: string;
            };
          } | null;
          change_percent: {
            p5: string;
            p25: string;
            p50: string;
            p75: string;
            p95: string;
          } | null;
          distribution: ({
            from: string | null;
            to: string | null;
            organizations: number;
          })[];
        } | null;
        by_month: ({
          month: string;
          before: {
            amount: string;
            currency: string;
          };
          draft: {
            amount: string;
            currency: string;
          };
          compare: {
            amount: string;
            currency: string;
          } | null;
        })[];
        by_sku: ({
          sku: string | null;
          before: {
            amount: string;
            currency: string;
          };
          draft: {
            amount: string;
            currency: string;
          };
          compare: {
            amount: string;
            currency: string;
          } | null;
        })[];
        faulty_organizations: number;
        faults: ({
          org_id: string;
          side: "before" | "draft" | "compare";
          code: string;
          detail: string;
        })[];
      } | null;
      problem: {
        code: string;
        detail: string;
      } | null;
      created_at: string;
      finished_at: string | null;
    };
  };
  "POST /v1/pricing/backtests/{id}:cancel": {
    answer: {
      backtest_id: string;
      plan_id: string;
      draft_id: string | null;
      compare_draft_id: string | null;
      content_hash: string;
      currency: string;
      from: string;
      to: string;
      months: string[];
      org_ids: string[] | null;
      over_percent: string;
      status: "queued" | "running" | "completed" | "failed" | "cancelled";
      progress: {
        done: number;
        total: number;
      };
      summary: {
        currency: string;
        organizations: number;
        organization_months: number;
        before: {
          revenue: {
            amount: string;
            currency: string;
          };
          partners: {
            amount: string;
            currency: string;
          };
        };
        draft: {
          revenue: {
            amount: string;
            currency: string;
          };
          partners: {
            amount: string;
            currency: string;
          };
          difference: {
            amount: string;
            currency: string;
          };
          percent: string | null;
          paying_more: number;
          paying_less: number;
          paying_the_same: number;
          over: {
            percent: string;
            organizations: number;
            share: string | null;
          };
          change: {
            p5: {
              amount: string;
              currency: string;
            };
            p25: {
              amount: string;
              currency: string;
            };
            p50: {
              amount: string;
              currency: string;
            };
            p75: {
              amount: string;
              currency: string;
            };
            p95: {
              amount: string;
              currency: string;
            };
          } | null;
          change_percent: {
            p5: string;
            p25: string;
            p50: string;
            p75: string;
            p95: string;
          } | null;
          distribution: ({
            from: string | null;
            to: string | null;
            organizations: number;
          })[];
        };
        compare: {
          revenue: {
            amount: string;
            currency: string;
          };
          partners: {
            amount: string;
            currency: string;
          };
          difference: {
            amount: string;
            currency: string;
          };
          percent: string | null;
          paying_more: number;
          paying_less: number;
          paying_the_same: number;
          over: {
            percent: string;
            organizations: number;
            share: string | null;
          };
          change: {
            p5: {
              amount: string;
              currency: string;
            };
            p25: {
              amount: string;
              currency: string;
            };
            p50: {
              amount: string;
              currency: string;
            };
            p75: {
              amount: string;
              currency: string;
            };
            p95: {
              amount: string;
              currency: string;
            };
          } | null;
          change_percent: {
            p5: string;
            p25: string;
            p50: string;
            p75: string;
            p95: string;
          } | null;
          distribution: ({
            from: string | null;
            to: string | null;
            organizations: number;
          })[];
        } | null;
        by_month: ({
          month: string;
          before: {
            amount: string;
            currency: string;
          };
          draft: {
            amount: string;
            currency: string;
          };
          compare: {
            amount: string;
            currency: string;
          } | null;
        })[];
        by_sku: ({
          sku: string | null;
          before: {
            amount: string;
            currency: string;
          };
          draft: {
            amount: string;
            currency: string;
          };
          compare: {
            amount: string;
            currency: string;
          } | null;
        })[];
        faulty_organizations: number;
        faults: ({
          org_id: string;
          side: "before" | "draft" | "compare";
          code: string;
          detail: string;
        })[];
      } | null;
      problem: {
        code: string;
        detail: string;
      } | null;
      created_at: string;
      finished_at: string | null;
    };
  };
  "POST /v1/pricing/drafts": {
    body: {
      name: string;
      plan_id: string;
      base_amount?: string | number | null;
      skus?: Record<string, unknown>;
    };
    answer: {
      draft_id: string;
      plan_id: string;
      name: string;
      status: "draft" | "published" | "discarded";
      base_amount: string | null;
      skus: Record<string, Record<string, unknown>>;
      content_hash: string;
      created_at: string;
      created_by: string;
      updated_at: string;
      published_at: string | null;
      published_by: string | null;
      backtest_id: string | null;
    };
  };
  "POST /v1/pricing/drafts/{draft_id}:discard": {
    answer: {
      draft_id: string;
      plan_id: string;
      name: string;
      status: "draft" | "published" | "discarded";
      base_amount: string | null;
      skus: Record<string, Record<string, unknown>>;
      content_hash: string;
      created_at: string;
      created_by: string;
      updated_at: string;
      published_at: string | null;
      published_by: string | null;
      backtest_id: string | null;
    };
  };
  "POST /v1/pricing/drafts/{draft_id}:publish": {
    body: {
      backtest_id?: string;
    };
    answer: {
      draft_id: string;
      plan_id: string;
      name: string;
      status: "draft" | "published" | "discarded";
      base_amount: string | null;
      skus: Record<string, Record<string, unknown>>;
      content_hash: string;
      created_at: string;
      created_by: string;
      updated_at: string;
      published_at: string | null;
      published_by: string | null;
      backtest_id: string | null;
    };
  };
  "POST /v1/pricing/estimate": {
    body: {
      org_id: string;
      project_id?: string;
      skus: Record<string, string | number>;
      leads: string | number;
      events?: Record<string, ({
        quantity?: string | number;
        amount?: string | number;
        time?: string;
        properties?: Record<string, unknown>;
      })[]>;
    };
    answer: {
      base: {
        amount: string;
        currency: string;
      };
      lines: ({
        sku: string;
        quantity: string;
        included: string;
        overage: string;
        total: {
          amount: string;
          currency: string;
        };
      })[];
      grand_total: {
        amount: string;
        currency: string;
      };
    };
  };
  "POST /v1/pricing/evaluate": {
    body: {
      currency: string;
      price: Record<string, unknown>;
      quantity?: string | number;
      events?: ({
        request_id?: string;
        quantity?: string | number;
        fraction?: string | number;
        amount?: string | number;
        time?: string;
        properties?: Record<string, unknown>;
      })[];
      aggregation?: "sum" | "count" | "max" | "min" | "latest" | "average";
      allow_negative?: boolean;
      rounding?: "half_up" | "half_even" | "up" | "down";
    };
    answer: {
      currency: string;
      quantity: string;
      amount: string;
      amount_exact: string;
      steps: (Record<string, unknown>)[];
    };
  };
  "POST /v1/projects": {
    body: {
      org_id: string;
      name: string;
    };
    answer: {
      project_id: string;
      org_id: string;
      name: string;
      created_at: string;
    };
  };
  "POST /v1/replays": {
    body: {
      selection: {
        from?: string;
        to?: string;
        types?: string[];
        aggregate_type?: string;
        aggregate_id?: string;
        org_id?: string;
        correlation_id?: string;
        event_ids?: string[];
        dead_only?: boolean;
      };
      dry_run?: boolean;
      rate_per_second?: number;
      reason?: string;
    };
    answer: {
      replay_id: string;
      selection: {
        from?: string;
        to?: string;
        types?: string[];
        aggregate_type?: string;
        aggregate_id?: string;
        org_id?: string;
        correlation_id?: string;
        event_ids?: string[];
        dead_only?: boolean;
      };
      dry_run: boolean;
      rate_per_second: number;
      reason: string | null;
      status: "queued" | "running" | "paused" | "completed" | "cancelled" | "failed";
      progress: {
        total: number;
        done: number;
      };
      forecast: {
        events: number;
        by_type: ({
          type: string;
          events: number;
          dead: number;
          reactions: ({
            reaction: string;
            had: number;
            would_run: number;
          })[];
        })[];
        sample: string[];
      } | null;
      problem: {
        code: string;
        detail: string;
      } | null;
      requested_by: string;
      created_at: string;
      finished_at: string | null;
    };
  };
  "POST /v1/replays/verifications": {
    body: {
      from?: string;
      to?: string;
      org_id?: string;
    };
    answer: {
      verification_id: string;
      from: string | null;
      to: string | null;
      org_id: string | null;
      status: "queued" | "running" | "completed" | "failed";
      progress: {
        total: number;
        done: number;
      };
      checked: {
        invoices: number;
        lines: number;
        credit_notes: number;
        billed_periods: number;
        actions: number;
        events: number;
      };
      differences: number;
      problem: {
        code: string;
        detail: string;
      } | null;
      created_at: string;
      finished_at: string | null;
    };
  };
  "POST /v1/replays/{id}:cancel": {
    answer: {
      replay_id: string;
      selection: {
        from?: string;
        to?: string;
        types?: string[];
        aggregate_type?: string;
        aggregate_id?: string;
        org_id?: string;
        correlation_id?: string;
        event_ids?: string[];
        dead_only?: boolean;
      };
      dry_run: boolean;
      rate_per_second: number;
      reason: string | null;
      status: "queued" | "running" | "paused" | "completed" | "cancelled" | "failed";
      progress: {
        total: number;
        done: number;
      };
      forecast: {
        events: number;
        by_type: ({
          type: string;
          events: number;
          dead: number;
          reactions: ({
            reaction: string;
            had: number;
            would_run: number;
          })[];
        })[];
        sample: string[];
      } | null;
      problem: {
        code: string;
        detail: string;
      } | null;
      requested_by: string;
      created_at: string;
      finished_at: string | null;
    };
  };
  "POST /v1/replays/{id}:pause": {
    answer: {
      replay_id: string;
      selection: {
        from?: string;
        to?: string;
        types?: string[];
        aggregate_type?: string;
        aggregate_id?: string;
        org_id?: string;
        correlation_id?: string;
        event_ids?: string[];
        dead_only?: boolean;
      };
      dry_run: boolean;
      rate_per_second: number;
      reason: string | null;
      status: "queued" | "running" | "paused" | "completed" | "cancelled" | "failed";
      progress: {
        total: number;
        done: number;
      };
      forecast: {
        events: number;
        by_type: ({
          type: string;
          events: number;
          dead: number;
          reactions: ({
            reaction: string;
            had: number;
            would_run: number;
          })[];
        })[];
        sample: string[];
      } | null;
      problem: {
        code: string;
        detail: string;
      } | null;
      requested_by: string;
      created_at: string;
      finished_at: string | null;
    };
  };
  "POST /v1/replays/{id}:resume": {
    answer: {
      replay_id: string;
      selection: {
        from?: string;
        to?: string;
        types?: string[];
        aggregate_type?: string;
        aggregate_id?: string;
        org_id?: string;
        correlation_id?: string;
        event_ids?: string[];
        dead_only?: boolean;
      };
      dry_run: boolean;
      rate_per_second: number;
      reason: string | null;
      status: "queued" | "running" | "paused" | "completed" | "cancelled" | "failed";
      progress: {
        total: number;
        done: number;
      };
      forecast: {
        events: number;
        by_type: ({
          type: string;
          events: number;
          dead: number;
          reactions: ({
            reaction: string;
            had: number;
            would_run: number;
          })[];
        })[];
        sample: string[];
      } | null;
      problem: {
        code: string;
        detail: string;
      } | null;
      requested_by: string;
      created_at: string;
      finished_at: string | null;
    };
  };
  "POST /v1/session": {
    body: {
      email: string;
      password: string;
      tenant?: string;
    };
    answer: {
      user: {
        user_id: string;
        email: string;
        name: string;
      };
      tenant: {
        tenant_id: string;
        name: string;
        mode: "live" | "test";
      };
      organization: {
        org_id: string;
        legal_name: string;
        is_own: boolean;
      };
      role: "admin" | "finance" | "technical" | "user";
      scopes: string[];
      csrf_token: string;
    };
  };
  "POST /v1/session:refresh": {
    answer: {
      user: {
        user_id: string;
        email: string;
        name: string;
      };
      tenant: {
        tenant_id: string;
        name: string;
        mode: "live" | "test";
      };
      organization: {
        org_id: string;
        legal_name: string;
        is_own: boolean;
      };
      role: "admin" | "finance" | "technical" | "user";
      scopes: string[];
      csrf_token: string;
    };
  };
  "POST /v1/session:setup": {
    body: {
      token: string;
      password: string;
      email?: string;
      name?: string;
    };
    answer: {
      user: {
        user_id: string;
        email: string;
        name: string;
      };
      tenant: {
        tenant_id: string;
        name: string;
        mode: "live" | "test";
      };
      organization: {
        org_id: string;
        legal_name: string;
        is_own: boolean;
      };
      role: "admin" | "finance" | "technical" | "user";
      scopes: string[];
      csrf_token: string;
    };
  };
  "POST /v1/sites": {
    body: {
      name: string;
      address?: string | null;
      time_zone?: string;
      supply_sku?: string;
    };
    answer: {
      site_id: string;
      name: string;
      address: string | null;
      time_zone: string;
      supply_sku: string | null;
      org_id: string | null;
      created_at: string;
    };
  };
  "POST /v1/sites/{id}/occupancies": {
    body: {
      org_id: string;
      from: string;
      to?: string | null;
    };
    answer: {
      occupancy_id: string;
      site_id: string;
      org_id: string;
      from: string;
      to: string | null;
    };
  };
  "POST /v1/skus": {
    body: {
      sku: string;
      type: "hosting" | "object" | "validation" | "action" | "analytics" | "energy";
      unit: string;
      aggregation?: "sum" | "count" | "max" | "min" | "latest" | "unique_count" | "average" | "weighted_sum";
      dimensions?: string[];
      late_policy?: "adjust_next" | "absorb" | "rebill" | "reject";
      allow_negative?: boolean;
      cost?: string | number | null;
      retail?: string | number | null;
      tax_code?: string | null;
      metadata?: Record<string, unknown>;
    };
    answer: {
      sku: string;
      type: "hosting" | "object" | "validation" | "action" | "analytics" | "energy";
      unit: string;
      aggregation: "sum" | "count" | "max" | "min" | "latest" | "unique_count" | "average" | "weighted_sum";
      dimensions: string[];
      late_policy: "adjust_next" | "absorb" | "rebill" | "reject";
      allow_negative: boolean;
      cost: string | null;
      retail: string | null;
      tax_code: string | null;
      metadata: Record<string, unknown>;
      created_at: string;
    };
  };
  "POST /v1/subscriptions/{subscription_id}:end": {
    body: {
      ended_at?: string;
    };
    answer: {
      subscription_id: string;
      org_id: string;
      plan_id: string;
      plan_name: string;
      overrides: Record<string, unknown>;
      effective_at: string;
      ended_at: string | null;
      billed_until: string | null;
      status: "scheduled" | "active" | "ended";
      created_at: string;
    };
  };
  "POST /v1/webhooks": {
    body: {
      url: string;
      event_types?: string[];
      org_id?: string;
      schedule?: "standard" | "extended";
      description?: string;
      secret?: string;
    };
    answer: {
      webhook_id: string;
      org_id: string | null;
      managed_by: "tenant" | "organization";
      url: string;
      event_types: string[];
      schedule: "standard" | "extended";
      description: string | null;
      status: "enabled" | "disabled";
      disabled_reason: "on_request" | "gone" | "failing" | "deleted" | null;
      disabled_at: string | null;
      version: number;
      created_at: string;
      failing_since: string | null;
      paused_until: string | null;
      secret: string;
    };
  };
  "POST /v1/webhooks/in/{endpoint}": {
    answer: Record<string, unknown> | {
      inbound_webhook_id: string;
    };
  };
  "POST /v1/webhooks/{id}/deliveries/{delivery_id}:replay": {
    answer: {
      replay_id: string;
      webhook_id: string;
      status: "running" | "completed";
      deliveries: number;
      created_at: string;
      finished_at: string | null;
    };
  };
  "POST /v1/webhooks/{id}:disable": {
    answer: {
      webhook_id: string;
      org_id: string | null;
      managed_by: "tenant" | "organization";
      url: string;
      event_types: string[];
      schedule: "standard" | "extended";
      description: string | null;
      status: "enabled" | "disabled";
      disabled_reason: "on_request" | "gone" | "failing" | "deleted" | null;
      disabled_at: string | null;
      version: number;
      created_at: string;
      failing_since: string | null;
      paused_until: string | null;
    };
  };
  "POST /v1/webhooks/{id}:enable": {
    answer: {
      webhook_id: string;
      org_id: string | null;
      managed_by: "tenant" | "organization";
      url: string;
      event_types: string[];
      schedule: "standard" | "extended";
      description: string | null;
      status: "enabled" | "disabled";
      disabled_reason: "on_request" | "gone" | "failing" | "deleted" | null;
      disabled_at: string | null;
      version: number;
      created_at: string;
      failing_since: string | null;
      paused_until: string | null;
    };
  };
  "POST /v1/webhooks/{id}:replay": {
    body: {
      from?: string;
      to?: string;
      types?: string[];
      status?: "failed" | "cancelled" | "undelivered" | "delivered" | "any";
    };
    answer: {
      replay_id: string;
      webhook_id: string;
      status: "running" | "completed";
      deliveries: number;
      created_at: string;
      finished_at: string | null;
    };
  };
  "POST /v1/webhooks/{id}:rotate-secret": {
    body: {
      secret?: string;
      keep_hours?: number;
    };
    answer: {
      webhook_id: string;
      org_id: string | null;
      managed_by: "tenant" | "organization";
      url: string;
      event_types: string[];
      schedule: "standard" | "extended";
      description: string | null;
      status: "enabled" | "disabled";
      disabled_reason: "on_request" | "gone" | "failing" | "deleted" | null;
      disabled_at: string | null;
      version: number;
      created_at: string;
      failing_since: string | null;
      paused_until: string | null;
      secret: string;
    };
  };
  "POST /v1/webhooks/{id}:test": {
    answer: {
      delivery_id: string;
      webhook_id: string;
      event_id: string;
      event_type: string;
      event_at: string;
      kind: "event" | "replay" | "test";
      replay_id: string | null;
      status: "pending" | "delivered" | "failed" | "cancelled";
      attempts: number;
      next_attempt_at: string | null;
      last_status: number | null;
      last_error: string | null;
      created_at: string;
      finished_at: string | null;
    };
  };
  "PUT /v1/billing/settings": {
    body: {
      automatic: boolean;
      grace?: string;
      from?: string;
    };
    answer: {
      automatic: boolean;
      grace: string;
      from: string | null;
      switched_on_at: string | null;
    };
  };
  "PUT /v1/commission-rates": {
    body: {
      partner_tier: string;
      sku: string;
      pct: string | number;
    };
    answer: {
      partner_tier: string;
      sku: string;
      pct: string;
      updated_at: string;
    };
  };
  "PUT /v1/metering/csv-mappings/{name}": {
    body: {
      definition: {
        delimiter?: "," | ";" | "\t" | "|";
        encoding?: "utf-8" | "utf-16le" | "iso-8859-1" | "windows-1252";
        decimal_mark?: "." | ",";
        skip_lines?: number;
        header?: boolean;
        meter: {
          column: string | number;
        } | {
          value: string;
        };
        register?: {
          column: string | number;
        } | {
          value: string;
        };
        org?: {
          column: string | number;
        } | {
          value: string;
        };
        unit: {
          column: string | number;
        } | {
          value: string;
        };
        flow?: "import" | "export";
        commodity?: "electricity" | "gas" | "water" | "heat";
        time: {
          columns: (string | number)[];
          format: string;
          zone?: string;
          marks?: "start" | "end";
          overlap?: "in_order" | "earlier" | "later" | "refuse";
        };
        interval_minutes: number;
        quantity: {
          column: string | number;
        } | {
          first_column: string | number;
          columns: number;
          counts?: "clock" | "elapsed";
        };
        quality?: {
          value: "A" | "S" | "F" | "E" | "N" | "V";
        } | {
          column: string | number;
          map: Record<string, "A" | "S" | "F" | "E" | "N" | "V">;
          otherwise?: "A" | "S" | "F" | "E" | "N" | "V";
        };
      };
    };
    answer: {
      mapping_id: string;
      name: string;
      definition: {
        delimiter: "," | ";" | "\t" | "|";
        encoding: "utf-8" | "utf-16le" | "iso-8859-1" | "windows-1252";
        decimal_mark: "." | ",";
        skip_lines: number;
        header: boolean;
        meter: {
          column: string | number;
        } | {
          value: string;
        };
        register: {
          column: string | number;
        } | {
          value: string;
        };
        org?: {
          column: string | number;
        } | {
          value: string;
        };
        unit: {
          column: string | number;
        } | {
          value: string;
        };
        flow?: "import" | "export";
        commodity: "electricity" | "gas" | "water" | "heat";
        time: {
          columns: (string | number)[];
          format: string;
          zone?: string;
          marks: "start" | "end";
          overlap: "in_order" | "earlier" | "later" | "refuse";
        };
        interval_minutes: number;
        quantity: {
          column: string | number;
        } | {
          first_column: string | number;
          columns: number;
          counts: "clock" | "elapsed";
        };
        quality: {
          value: "A" | "S" | "F" | "E" | "N" | "V";
        } | {
          column: string | number;
          map: Record<string, "A" | "S" | "F" | "E" | "N" | "V">;
          otherwise?: "A" | "S" | "F" | "E" | "N" | "V";
        };
      };
      created_at: string;
      updated_at: string;
    };
  };
  "PUT /v1/orgs/{id}/business-model": {
    query: {
      preview?: "true" | "false";
    };
    body: {
      model_id: string;
      plan_id: string;
      notes?: string;
      effective_at?: string;
    };
    answer: {
      preview: boolean;
      org_id: string;
      model_id: string;
      plan_id: string;
      subscription_id: string | null;
      effective_at: string;
      notes: string | null;
      currency: string;
      base_amount: {
        before: string | null;
        after: string | null;
      };
      differences: ({
        sku: string;
        change: "added" | "removed" | "changed";
        before: {
          plan_id: string;
          price_version_id: string;
          version: number;
          price: Record<string, unknown>;
          included_qty: string | null;
          overridden: boolean;
        } | null;
        after: {
          plan_id: string;
          price_version_id: string;
          version: number;
          price: Record<string, unknown>;
          included_qty: string | null;
          overridden: boolean;
        } | null;
      })[];
      ended_subscription_ids: string[];
    };
  };
  "PUT /v1/plans/{plan_id}/publish-policy": {
    body: {
      require_backtest: {
        max_increase_percent?: string | number | null;
        max_org_increase_percent?: string | number | null;
        max_share_over?: string | number | null;
        months: number;
      } | null;
    };
    answer: {
      plan_id: string;
      require_backtest: {
        max_increase_percent: string | null;
        max_org_increase_percent: string | null;
        max_share_over: string | null;
        months: number;
      } | null;
    };
  };
  "PUT /v1/plans/{plan_id}/skus/{sku}": {
    body: {
      included_qty?: unknown;
      overage_price?: unknown;
      price?: unknown;
    };
    answer: {
      price_version_id: string;
      plan_id: string;
      sku: string;
      version: number;
      price: Record<string, unknown>;
      price_hash: string;
      created_at: string;
      created_by: string;
      draft_id: string | null;
      included_qty: string | null;
      overage_price: string | null;
      tiers: (Record<string, unknown>)[] | null;
    };
  };
  "PUT /v1/test-clock": {
    body: {
      now: string | null;
    };
    answer: {
      now: string;
      mode: "live" | "test";
      test_clock_at: string | null;
    };
  };
}
